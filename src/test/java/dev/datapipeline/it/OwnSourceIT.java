package dev.datapipeline.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;

/** The source that docs/sources.md shows, as it is written there. */
class OwnSourceIT {
  private static final Pattern EXAMPLE =
      Pattern.compile("<!-- test: own source -->\\s+```java\\n(.*?)```", Pattern.DOTALL);

  // first the topic, then json: its operators fail for other tests' documents that no text can hold
  @Test
  void theDocumentedSourceRuns() throws IOException {
    try (Pipeline pipeline =
        new Pipeline("own_source", 1)
            .with("PRODUCER_ENABLED", "true")
            .with("PRODUCER_SOURCE", "sensor,dice")
            .with("SOURCE_DICE_TOPIC", "own_dice")
            .with("SOURCE_DICE_INTERVAL", "PT0.1S")
            .with("DICE_SIDES", "20")) {
      pipeline.instance();
      ServerDirectory.addToApplication(
          "own_source", compiled(), "dev/datapipeline/source/DiceSource.class");
      pipeline.running();

      await()
          .atMost(Pipeline.PATIENCE)
          .until(
              () ->
                  pipeline
                          .database()
                          .number(
                              "WITH own AS MATERIALIZED (SELECT id, payload FROM raw_events_source WHERE topic = ?)"
                                  + " SELECT count(*) FROM own WHERE payload->>'die' = 'd20'"
                                  + " AND (payload->>'eyes')::int BETWEEN 1 AND 20",
                              "own_dice")
                      >= 10);
    }
  }

  private static Path compiled() throws IOException {
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
}
