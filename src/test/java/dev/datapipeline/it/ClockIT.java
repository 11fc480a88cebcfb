package dev.datapipeline.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.datapipeline.backends.KafkaCluster;
import dev.datapipeline.backends.PostgresServer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/**
 * The clocks of the machines of the application, the database and the broker are set while records
 * flow.
 */
@EnabledOnOs(OS.LINUX)
class ClockIT {
  private static final Path DIRECTORY =
      ServerDirectory.TARGET.resolve("it/clock" + TestBackends.FORK);
  private static final Path FILES = DIRECTORY.resolve("files");

  /** Longer than the session of a consumer, and than the lease of a reader of files. */
  private static final Duration AFTERWARDS = Duration.ofSeconds(12);

  private static final Clock APPLICATION = new Clock(DIRECTORY.resolve("application.clock"));
  private static final Clock DATABASE = new Clock(DIRECTORY.resolve("database.clock"));
  private static final Clock BROKER = new Clock(DIRECTORY.resolve("broker.clock"));

  private static PostgresServer postgres;
  private static KafkaCluster kafka;
  private static Pipeline pipeline;
  private static int lines;

  /** What a process takes for the time of day: a file with the difference to the real one. */
  private record Clock(Path file) {
    Map<String, String> environment() throws IOException {
      Path library = library();
      set(Duration.ZERO);
      return Map.of(
          "LD_PRELOAD",
          library.toString(),
          "FAKETIME_TIMESTAMP_FILE",
          file.toString(),
          "FAKETIME_CACHE_DURATION",
          "1",
          "FAKETIME_DONT_FAKE_MONOTONIC",
          "1",
          // with it, each timed wait of the JVM returns at once and is repeated
          "FAKETIME_FORCE_MONOTONIC_FIX",
          "0");
    }

    void set(Duration offset) throws IOException {
      Files.writeString(file, "%+d".formatted(offset.toSeconds()));
    }
  }

  @BeforeAll
  static void start() throws IOException {
    TestBackends.get();
    TestBackends.delete(DIRECTORY);
    Files.createDirectories(FILES);
    postgres =
        new PostgresServer(
                DIRECTORY.resolve("postgres"), TestBackends.DIRECTORY.resolve("postgres-dist"), 0)
            .environment(DATABASE.environment());
    postgres.start();
    kafka = TestBackends.cluster(1);
    kafka.broker(1).environment(BROKER.environment());
    kafka.start();
    pipeline =
        // by default, a broker refuses records from tomorrow
        new Pipeline(
                "clock",
                3,
                Map.of("message.timestamp.type", "LogAppendTime"),
                kafka.bootstrapServers())
            .in(postgres)
            .with("DB_PORT", Integer.toString(postgres.port()))
            .with("DB_PASSWORD", postgres.password())
            .with("PRODUCER_ENABLED", "true")
            .with("PRODUCER_SOURCE", "sensor,file")
            .with("PRODUCER_INTERVAL", "PT0.2S")
            .with("FILE_PATH", FILES.toString());
    APPLICATION.environment().forEach(pipeline::with);
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
    if (kafka != null) {
      kafka.close();
    }
    if (postgres != null) {
      postgres.close();
    }
  }

  @AfterEach
  void setRight() throws IOException {
    for (Clock clock : List.of(APPLICATION, DATABASE, BROKER)) {
      clock.set(Duration.ZERO);
    }
  }

  @Test
  void nothingStopsAndNothingIsLostWhenTheApplicationsClockIsSetForwardAndBack() throws Throwable {
    setForwardAndBack(APPLICATION, ClockIT::timeOfApplication);

    assertThat(pipeline.instance().log())
        .anyMatch(line -> line.contains("the machine's clock was set back by"));
  }

  @Test
  void nothingStopsAndNothingIsLostWhenTheDatabasesClockIsSetForwardAndBack() throws Throwable {
    setForwardAndBack(DATABASE, ClockIT::timeOfDatabase);
  }

  @Test
  void nothingStopsAndNothingIsLostWhenTheBrokersClockIsSetForwardAndBack() throws Throwable {
    setForwardAndBack(BROKER, ClockIT::timeOfBroker);
  }

  private static void setForwardAndBack(Clock clock, Callable<Instant> time) throws Throwable {
    pipeline.whileRecordsFlow(
        () -> {
          everythingMoves();
          set(clock, Duration.ofDays(1), time);
          everythingMoves();
          set(clock, Duration.ofDays(-1), time);
          everythingMoves();
          // what is due by the clock before the jump would be due in two days
          long until = System.nanoTime() + AFTERWARDS.toNanos();
          await().atMost(Pipeline.PATIENCE).until(() -> System.nanoTime() > until);
          everythingMoves();
        });

    pipeline.assertEverythingStoredExactlyOnce();
    assertThat(count("line")).isEqualTo(lines);
    assertThat(pipeline.instance().health().live()).isEqualTo("UP");
  }

  /** Sets a clock and returns when its process tells that time. */
  private static void set(Clock clock, Duration offset, Callable<Instant> time) throws IOException {
    clock.set(offset);
    await("the clock is set")
        .atMost(Pipeline.PATIENCE)
        .until(
            () ->
                Duration.between(Instant.now(), time.call())
                        .minus(offset)
                        .abs()
                        .compareTo(Duration.ofHours(1))
                    < 0);
  }

  private static Instant timeOfApplication() throws IOException, InterruptedException {
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
    return ZonedDateTime.parse(date, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant();
  }

  private static Instant timeOfDatabase() {
    return Instant.ofEpochSecond(
        pipeline.database().number("SELECT floor(extract(epoch FROM now()))::bigint"));
  }

  private static Instant timeOfBroker() throws ExecutionException, InterruptedException {
    byte[] event = "{}".getBytes(StandardCharsets.UTF_8);
    return Instant.ofEpochMilli(
        pipeline.producer().send(new ProducerRecord<>(pipeline.name(), event)).get().timestamp());
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
