package dev.datapipeline.it;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.datapipeline.backends.PostgresServer;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The metrics at {@code /metrics} are documented and agree with the database. */
class MetricsIT {
  private static final int GOOD = 500;
  private static final int POISON = 7;
  private static final int PARTITIONS = 3;

  private static Pipeline pipeline;
  private static Application application;

  @BeforeAll
  static void sendKnownTraffic() {
    pipeline = new Pipeline("metrics", PARTITIONS).with("DISK_PATHS", "/,/does-not-exist");
    application = pipeline.running();
    pipeline.send(GOOD);
    for (int i = 0; i < POISON; i++) {
      pipeline
          .producer()
          .send(new ProducerRecord<>("metrics", i % PARTITIONS, null, "{".getBytes(UTF_8)));
    }
    pipeline.producer().flush();
    await().atMost(Pipeline.PATIENCE).until(() -> pipeline.stored() == GOOD + POISON);
  }

  @AfterAll
  static void close() {
    pipeline.close();
  }

  /** Returns the type of each metric that the documentation lists. */
  private static Map<String, String> documented() throws Exception {
    Matcher row =
        Pattern.compile("(?m)^\\| `(datapipeline_[a-z_]+)`[^|]*\\| (counter|gauge|histogram) \\|")
            .matcher(Files.readString(Path.of("docs/operations.md")));
    Map<String, String> types = new TreeMap<>();
    while (row.find()) {
      types.put(row.group(1), row.group(2));
    }
    return types;
  }

  @Test
  void everyMetricIsDocumentedAndHasHelpAndType() throws Exception {
    await().until(() -> Metrics.of(application).type("datapipeline_lag_records").isPresent());
    Metrics metrics = Metrics.of(application);
    Map<String, String> shown = new TreeMap<>();
    for (String line : metrics.lines()) {
      // the server adds the maximum to each histogram
      if (line.startsWith("# TYPE datapipeline_") && !line.contains("_max ")) {
        String[] words = line.split(" ");
        shown.put(words[2], words[3]);
        assertThat(metrics.help(words[2]).orElse("")).as(words[2]).hasSizeGreaterThan(10);
      }
    }
    Map<String, String> documented = documented();
    // exists with TLS only, so TlsIT looks at it
    assertThat(documented.remove("datapipeline_certificate_expiry_timestamp_seconds")).isNotNull();
    assertThat(shown).isEqualTo(documented);
    // those of the server that an alert or the dashboard uses
    assertThat(metrics.sum("jvm_uptime_seconds")).isPositive();
    assertThat(metrics.sum("memory_usedHeap_bytes")).isPositive();
  }

  @Test
  void countersAgreeWithTheDatabase() throws Exception {
    long rows =
        pipeline
            .database()
            .number("SELECT count(*) FROM raw_events_source WHERE topic = ?", "metrics");
    assertThat(rows).isGreaterThanOrEqualTo(GOOD);
    await()
        .untilAsserted(
            () -> {
              Metrics metrics = Metrics.of(application);
              assertThat(metrics.sum("datapipeline_records_stored_total")).isEqualTo(rows);
              assertThat(metrics.sum("datapipeline_records_dead_lettered_total")).isEqualTo(POISON);
              assertThat(metrics.sum("datapipeline_records_received_total"))
                  .isEqualTo(rows + POISON);
              assertThat(metrics.sum("datapipeline_records_skipped_total")).isZero();
              assertThat(metrics.sum("datapipeline_batch_records_sum")).isEqualTo(rows + POISON);
              assertThat(metrics.sum("datapipeline_batch_write_seconds_count")).isPositive();
              assertThat(metrics.sum("datapipeline_end_to_end_latency_seconds_count")).isPositive();
              assertThat(
                      metrics.sum(
                          "datapipeline_end_to_end_latency_seconds_bucket", "le=\"1800.0\""))
                  .isEqualTo(metrics.sum("datapipeline_end_to_end_latency_seconds_count"));
              assertThat(metrics.sum("datapipeline_queue_bytes")).isZero();
            });
  }

  @Test
  void lagIsReportedForEachPartition() {
    await()
        .atMost(Pipeline.PATIENCE)
        .ignoreExceptions()
        .untilAsserted(
            () -> {
              for (int partition = 0; partition < PARTITIONS; partition++) {
                assertThat(
                        Metrics.of(application)
                            .sum(
                                "datapipeline_lag_records",
                                "topic=\"metrics\"",
                                "partition=\"%d\"".formatted(partition)))
                    .isZero();
              }
            });
  }

  @Test
  void theAgeOfTheNewestBackupIsReported() {
    pipeline.database().execute("DELETE FROM backups");
    await().until(() -> Double.isNaN(backupAge()));
    pipeline
        .database()
        .execute(
            "INSERT INTO backups VALUES ('old', now() - interval '2 days', 1), ('new', now() - interval '1 hour', 1)");
    await().untilAsserted(() -> assertThat(backupAge()).isBetween(3600.0, 3720.0));
    pipeline.database().execute("DELETE FROM backups");
  }

  private static double backupAge() throws Exception {
    return Metrics.of(application).sum("datapipeline_backup_age_seconds");
  }

  @Test
  void aDisabledProducerIsReportedAsPausedAndEveryPartAsReady() throws Exception {
    Metrics metrics = Metrics.of(application);
    assertThat(metrics.sum("datapipeline_paused", "part=\"producer\"")).isEqualTo(1);
    assertThat(metrics.sum("datapipeline_paused", "part=\"consumer\"")).isZero();
    assertThat(metrics.sum("datapipeline_ready")).isEqualTo(4);
  }

  /** A trickle is many small batches: each round trip more would be paid by every event. */
  @Test
  void aBatchTakesOneStatementBesideCopyAndCommit() throws Exception {
    PostgresServer postgres = TestBackends.get().postgres();
    Path log = postgres.log();
    try (Connection superuser = postgres.connectAsSuperuser();
        Statement statement = superuser.createStatement()) {
      statement.execute("ALTER SYSTEM SET log_statement = 'all'");
      statement.execute("ALTER SYSTEM SET log_line_prefix = 'session %p '");
      statement.execute("SELECT pg_reload_conf()");
      try {
        await()
            .atMost(Pipeline.PATIENCE)
            .untilAsserted(
                () -> {
                  long before = Files.size(log);
                  pipeline.send(1);
                  await().until(() -> textAfter(log, before).contains("COPY raw_events"));
                  await().until(() -> statementsOfBatch(textAfter(log, before)).size() > 3);
                  assertThat(statementsOfBatch(textAfter(log, before)))
                      .satisfiesExactly(
                          begin -> assertThat(begin).startsWith("BEGIN"),
                          lock -> assertThat(lock).startsWith("WITH locked AS"),
                          copy -> assertThat(copy).startsWith("COPY raw_events"),
                          commit -> assertThat(commit).startsWith("COMMIT"));
                });
      } finally {
        statement.execute("ALTER SYSTEM RESET log_statement");
        statement.execute("ALTER SYSTEM RESET log_line_prefix");
        statement.execute("SELECT pg_reload_conf()");
      }
    }
  }

  private static String textAfter(Path log, long position) throws IOException {
    byte[] bytes = Files.readAllBytes(log);
    return new String(bytes, (int) position, bytes.length - (int) position, UTF_8);
  }

  /** Returns the statements of the transaction that copied rows, as the server has logged them. */
  private static List<String> statementsOfBatch(String log) {
    String session =
        Pattern.compile("session (\\d+) LOG: .*COPY raw_events")
            .matcher(log)
            .results()
            .map(copy -> copy.group(1))
            .findFirst()
            .orElseThrow();
    List<String> statements =
        Pattern.compile("session " + session + " LOG:  (?:statement|execute [^:]*): (.*)")
            .matcher(log)
            .results()
            .map(line -> line.group(1))
            .toList();
    int copy = 0;
    while (!statements.get(copy).startsWith("COPY raw_events")) {
      copy++;
    }
    int first = statements.subList(0, copy).lastIndexOf("BEGIN");
    int last = copy + statements.subList(copy, statements.size()).indexOf("COMMIT");
    return last < copy ? List.of() : statements.subList(first, last + 1);
  }

  @Test
  void theAgeOfTheOldestRecordGrowsUntilItIsStored() throws Exception {
    pipeline.database().execute("ALTER TABLE raw_events RENAME TO raw_events_away");
    try {
      pipeline.send(1);
      await()
          .atMost(Pipeline.PATIENCE)
          .ignoreExceptions()
          .until(() -> Metrics.of(application).sum("datapipeline_oldest_unstored_seconds") > 3);
    } finally {
      pipeline.database().execute("ALTER TABLE raw_events_away RENAME TO raw_events");
    }
    await()
        .atMost(Pipeline.PATIENCE)
        .ignoreExceptions()
        .until(() -> Metrics.of(application).sum("datapipeline_oldest_unstored_seconds") == 0);
  }

  @Test
  void diskSpaceIsThatOfTheFileSystem() throws Exception {
    Metrics metrics = Metrics.of(application);
    FileStore disk = Files.getFileStore(Path.of("/"));
    assertThat(metrics.sum("datapipeline_disk_size_bytes", "path=\"/\""))
        .isEqualTo(disk.getTotalSpace());
    assertThat(metrics.sum("datapipeline_disk_free_bytes", "path=\"/\""))
        .isCloseTo(disk.getUsableSpace(), Percentage.withPercentage(10));
    assertThat(metrics.sum("datapipeline_disk_free_bytes", "path=\"/does-not-exist\"")).isNaN();
  }

  @Test
  void theBuildIsNamed() throws Exception {
    assertThat(Metrics.of(application).lines())
        .filteredOn(line -> line.startsWith("datapipeline_build_info{"))
        .singleElement()
        .asString()
        .containsPattern("build=\"[0-9a-f]{8}\"")
        .contains("version=\"" + version() + "\"");
  }

  private static String version() throws Exception {
    Matcher version =
        Pattern.compile("<version>([^<]+)</version>").matcher(Files.readString(Path.of("pom.xml")));
    assertThat(version.find()).isTrue();
    return version.group(1);
  }
}
