package dev.datapipeline.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The sources are steered while they run. */
class ProducerControlIT {
  private static Pipeline pipeline;
  private static Path commands;

  @BeforeAll
  static void start() throws IOException {
    commands = Files.createDirectories(ServerDirectory.TARGET.resolve("it/steering-commands"));
    pipeline =
        new Pipeline("steering", 1)
            .with("PRODUCER_ENABLED", "true")
            .with("PRODUCER_SOURCE", "sensor,steering")
            .with("PRODUCER_INTERVAL", "PT0.1S")
            .with("PRODUCER_EVENTS_PER_TICK", "3")
            .with("SOURCE_STEERING_TOPIC", "steering_answers")
            .with("STEERING_FILE", commands.resolve("command").toString());
    pipeline.instance();
    ServerDirectory.addToApplication(
        "steering",
        ServerDirectory.TARGET.resolve("test-classes"),
        "dev/datapipeline/it/SteeringSource.class");
    pipeline.running();
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

  /**
   * First the topic, then json: its operators fail for other tests' documents that no text can
   * hold.
   */
  private static List<List<String>> answers(String command) {
    return pipeline
        .database()
        .query(
            "WITH own AS MATERIALIZED (SELECT id, payload FROM raw_events_source WHERE topic = ?)"
                + " SELECT payload->>'answer' FROM own WHERE payload->>'command' = ? ORDER BY id",
            "steering_answers",
            command);
  }

  private static long sensorEvents() {
    return pipeline.endOffsets().values().stream().mapToLong(Long::longValue).sum();
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
  void aSourceIsPausedTickedAndResumed() throws IOException {
    assertThat(run("pause sensor")).isEqualTo("paused true");
    assertThat(paused()).isEqualTo("sensor");
    assertThat(pipeline.instance().health().ready()).isEqualTo("UP");

    // an answer comes with a later tick than the last event of a paused source
    assertThat(run("pause sensor")).isEqualTo("paused true");
    long before = sensorEvents();
    assertThat(run("tick sensor")).isEqualTo("events 3");
    await().atMost(Pipeline.PATIENCE).until(() -> sensorEvents() >= before + 3);
    assertThat(sensorEvents()).isEqualTo(before + 3);

    assertThat(run("resume sensor")).isEqualTo("paused false");
    assertThat(paused()).isEmpty();
    await().atMost(Pipeline.PATIENCE).until(() -> sensorEvents() > before + 20);
  }

  @Test
  void theIntervalIsChanged() throws IOException {
    assertThat(run("interval sensor PT1H")).isEqualTo("interval PT1H");
    long before = sensorEvents();
    assertThat(run("interval sensor PT0.01S")).isEqualTo("interval PT0.01S");
    await().atMost(Duration.ofSeconds(30)).until(() -> sensorEvents() > before + 300);
    assertThat(run("interval sensor PT0.1S")).isEqualTo("interval PT0.1S");
  }

  @Test
  void whatIsNotAllowedIsRefused() throws IOException {
    assertThat(run("interval sensor PT0.001S"))
        .isEqualTo("IllegalArgumentException: the interval PT0.001S is not from PT0.01S to PT24H");
    assertThat(run("pause nobody"))
        .isEqualTo(
            "NoSuchElementException: no source of this name runs; those that do: sensor, steering");
  }
}
