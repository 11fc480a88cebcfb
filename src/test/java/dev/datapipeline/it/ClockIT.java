package dev.datapipeline.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** The clock of the application's machine is set while records flow. */
@EnabledOnOs(OS.LINUX)
class ClockIT {
  private static final Path DIRECTORY =
      ServerDirectory.TARGET.resolve("it/clock" + TestBackends.FORK);
  private static final Path CLOCK = DIRECTORY.resolve("clock");
  private static final Path FILES = DIRECTORY.resolve("files");

  /** Longer than the session of a consumer, and than the lease of a reader of files. */
  private static final Duration AFTERWARDS = Duration.ofSeconds(12);

  private static Pipeline pipeline;
  private static int lines;

  @BeforeAll
  static void start() throws IOException {
    Path library = library();
    TestBackends.delete(DIRECTORY);
    Files.createDirectories(FILES);
    set(Duration.ZERO);
    pipeline =
        // the broker has another clock, and would refuse records from tomorrow
        new Pipeline(
                "clock", 3, Map.of("message.timestamp.after.max.ms", Long.toString(Long.MAX_VALUE)))
            .with("PRODUCER_ENABLED", "true")
            .with("PRODUCER_SOURCE", "sensor,file")
            .with("PRODUCER_INTERVAL", "PT0.2S")
            .with("FILE_PATH", FILES.toString())
            .with("LD_PRELOAD", library.toString())
            .with("FAKETIME_TIMESTAMP_FILE", CLOCK.toString())
            .with("FAKETIME_CACHE_DURATION", "1")
            .with("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            // with it, each timed wait of the JVM returns at once and is repeated
            .with("FAKETIME_FORCE_MONOTONIC_FIX", "0");
    pipeline.running();
  }

  /** The program itself would fake the monotonic clock of the start script's children, too. */
  private static Path library() throws IOException {
    Tools.require("faketime", "faketime");
    try (DirectoryStream<Path> found =
        Files.newDirectoryStream(
            Path.of("/usr/lib"),
            directory -> Files.exists(directory.resolve("faketime/libfaketimeMT.so.1")))) {
      return found.iterator().next().resolve("faketime/libfaketimeMT.so.1");
    }
  }

  @AfterAll
  static void close() {
    if (pipeline != null) {
      pipeline.close();
    }
  }

  private static void set(Duration offset) throws IOException {
    Files.writeString(CLOCK, "%+d".formatted(offset.toSeconds()));
  }

  /** Returns how far the application's clock differs from the real one, by what it answers. */
  private static Duration offset() throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(
                URI.create(
                    "http://localhost:%d/health/live".formatted(pipeline.instance().httpPort())))
            .build();
    String date =
        HttpClient.newHttpClient()
            .send(request, BodyHandlers.discarding())
            .headers()
            .firstValue("Date")
            .orElseThrow();
    return Duration.between(
        Instant.now(), ZonedDateTime.parse(date, DateTimeFormatter.RFC_1123_DATE_TIME));
  }

  @Test
  void nothingStopsAndNothingIsLostWhenTheClockIsSetForwardAndBack() throws Throwable {
    pipeline.whileRecordsFlow(
        () -> {
          everythingMoves();
          jumpTo(Duration.ofDays(1));
          everythingMoves();
          jumpTo(Duration.ofDays(-1));
          everythingMoves();
          // what is due by the clock before the jump would be due in two days
          long until = System.nanoTime() + AFTERWARDS.toNanos();
          await().atMost(Pipeline.PATIENCE).until(() -> System.nanoTime() > until);
          everythingMoves();
        });

    pipeline.assertEverythingStoredExactlyOnce();
    assertThat(count("line")).isEqualTo(lines);
    assertThat(pipeline.instance().health().live()).isEqualTo("UP");
    assertThat(pipeline.instance().log())
        .anyMatch(line -> line.contains("the machine's clock was set back by"));
  }

  private static void jumpTo(Duration offset) throws IOException {
    set(offset);
    await("the clock is set")
        .atMost(Pipeline.PATIENCE)
        .until(() -> offset().minus(offset).abs().compareTo(Duration.ofHours(1)) < 0);
  }

  /** The consumer stores, both sources send, and readiness says so. */
  private static void everythingMoves() throws IOException {
    Files.writeString(
        FILES.resolve("a.log"),
        "{\"line\":%d}\n".formatted(lines++),
        StandardOpenOption.CREATE,
        StandardOpenOption.APPEND);
    long sensors = count("sensor");
    pipeline.awaitProgress(500);
    await("the file source").atMost(Pipeline.PATIENCE).until(() -> count("line") == lines);
    await("the sensors").atMost(Pipeline.PATIENCE).until(() -> count("sensor") > sensors + 5);
    Pipeline.awaitReady(pipeline.instance());
  }

  private static long count(String field) {
    return pipeline
        .database()
        .number(
            Database.ofTopic("SELECT count(*) FROM own WHERE payload->>? IS NOT NULL"),
            pipeline.name(),
            field);
  }
}
