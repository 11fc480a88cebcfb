package dev.datapipeline.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Sources that are added to the application: the one that docs/sources.md shows, as it is written
 * there, and one that controls the others while they run.
 */
class OwnSourceIT {
  private static final Pattern EXAMPLE =
      Pattern.compile("<!-- test: own source -->\\s+```java\\n(.*?)```", Pattern.DOTALL);

  private static Pipeline pipeline;
  private static Path commands;

  @BeforeAll
  static void start() throws IOException {
    commands = Files.createDirectories(ServerDirectory.TARGET.resolve("it/steering-commands"));
    pipeline =
        new Pipeline("steering", 1)
            .with("PRODUCER_ENABLED", "true")
            .with("PRODUCER_SOURCE", "sensor,steering,dice")
            .with("PRODUCER_INTERVAL", "PT0.1S")
            .with("PRODUCER_EVENTS_PER_TICK", "3")
            .with("SOURCE_STEERING_TOPIC", "steering_answers")
            .with("SOURCE_DICE_TOPIC", "own_dice")
            .with("SOURCE_DICE_INTERVAL", "PT0.1S")
            .with("DICE_SIDES", "20")
            .with("STEERING_FILE", commands.resolve("command").toString());
    pipeline.instance();
    ServerDirectory.addToApplication(
        "steering",
        ServerDirectory.TARGET.resolve("test-classes"),
        "dev/datapipeline/it/SteeringSource.class");
    ServerDirectory.addToApplication(
        "steering", compiledExample(), "dev/datapipeline/source/DiceSource.class");
    pipeline.running();
  }

  private static Path compiledExample() throws IOException {
    Matcher example = EXAMPLE.matcher(Files.readString(Path.of("docs/sources.md")));
    assertThat(example.find()).isTrue();
    Path directory = Files.createDirectories(ServerDirectory.TARGET.resolve("it/own-source"));
    Path source = Files.writeString(directory.resolve("DiceSource.java"), example.group(1));
    int result =
        ToolProvider.getSystemJavaCompiler()
            .run(
                null,
                null,
                null,
                "--release",
                "17",
                "-Xlint:all,-classfile,-processing",
                "-Werror",
                "-proc:none",
                "-classpath",
                ServerDirectory.TARGET.resolve("classes")
                    + System.getProperty("path.separator")
                    + System.getProperty("java.class.path"),
                "-d",
                directory.toString(),
                source.toString());
    assertThat(result).isZero();
    return directory;
  }

  @AfterAll
  static void close() {
    pipeline.close();
  }

  private static String run(String command) throws IOException {
    long before = answers(command).size();
    Path draft = Files.writeString(commands.resolve("draft"), command);
    Files.move(draft, commands.resolve("command"), StandardCopyOption.ATOMIC_MOVE);
    await(command).atMost(Pipeline.PATIENCE).until(() -> answers(command).size() > before);
    return answers(command).get((int) before).get(0);
  }

  private static List<List<String>> answers(String command) {
    return pipeline
        .database()
        .query(
            Database.ofTopic(
                "SELECT payload->>'answer' FROM own WHERE payload->>'command' = ? ORDER BY id"),
            "steering_answers",
            command);
  }

  private static String paused() throws IOException {
    return pipeline
        .instance()
        .health()
        .check("ready", "producer")
        .getJsonObject("data")
        .getString("paused");
  }

  @Test
  void aSourceCanBePausedTickedAndResumed() throws IOException {
    assertThat(run("pause sensor")).isEqualTo("paused true");
    assertThat(paused()).isEqualTo("sensor");
    assertThat(pipeline.instance().health().ready()).isEqualTo("UP");

    // an answer comes with a later tick than the last event of a paused source
    assertThat(run("pause sensor")).isEqualTo("paused true");
    long before = pipeline.end();
    assertThat(run("tick sensor")).isEqualTo("events 3");
    await().atMost(Pipeline.PATIENCE).until(() -> pipeline.end() >= before + 3);
    assertThat(pipeline.end()).isEqualTo(before + 3);

    assertThat(run("resume sensor")).isEqualTo("paused false");
    assertThat(paused()).isEmpty();
    await().atMost(Pipeline.PATIENCE).until(() -> pipeline.end() > before + 20);
  }

  @Test
  void theIntervalCanBeChanged() throws IOException {
    assertThat(run("interval sensor PT1H")).isEqualTo("interval PT1H");
    long before = pipeline.end();
    assertThat(run("interval sensor PT0.01S")).isEqualTo("interval PT0.01S");
    await().atMost(Duration.ofSeconds(30)).until(() -> pipeline.end() > before + 300);
    assertThat(run("interval sensor PT0.1S")).isEqualTo("interval PT0.1S");
  }

  @Test
  void invalidCommandsAreRefused() throws IOException {
    assertThat(run("interval sensor PT0.001S"))
        .isEqualTo(
            "IllegalArgumentException: the interval PT0.001S is not between PT0.01S and PT24H");
    assertThat(run("pause nobody"))
        .isEqualTo(
            "NoSuchElementException: no running source has this name; running sources: sensor, steering, dice");
  }

  @Test
  void theDocumentedSourceRuns() {
    await()
        .atMost(Pipeline.PATIENCE)
        .until(
            () ->
                pipeline
                        .database()
                        .number(
                            Database.ofTopic(
                                "SELECT count(*) FROM own WHERE payload->>'die' = 'd20'"
                                    + " AND (payload->>'eyes')::int BETWEEN 1 AND 20"),
                            "own_dice")
                    >= 10);
  }
}
