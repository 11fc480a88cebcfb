package dev.datapipeline.it;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.datapipeline.backends.KafkaBroker;
import dev.datapipeline.backends.PostgresServer;
import jakarta.json.JsonObject;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** The application keeps running during outages of its backends and recovers by itself. */
class OutagesIT {
  /** Within this time readiness reports an outage and its end, on a busy machine too. */
  private static final Duration HEALTH_FOLLOWS = Duration.ofSeconds(20);

  /** A healthy pipeline does a step within this time, on a busy machine too. */
  private static final Duration PROMPTLY = Duration.ofSeconds(60);

  private static final int READERS = 40;
  private static final int MEBIBYTE = 1 << 20;
  private static final long WAL_SEGMENT_BYTES = 16 * MEBIBYTE;

  private static Pipeline pipeline;
  private static Health health;
  private static KafkaBroker kafka;
  private static PostgresServer postgres;

  @BeforeAll
  static void start() {
    // readers that a test holds in the database stay there
    pipeline = new Pipeline("outages", 3).with("API_QUERY_TIMEOUT", "PT5M");
    kafka = pipeline.backends().kafka();
    postgres = pipeline.backends().postgres();
    health = pipeline.running().health();
  }

  @AfterAll
  static void close() {
    pipeline.close();
  }

  @BeforeEach
  void isReady() {
    Pipeline.awaitReady(pipeline.instance());
  }

  @Test
  void aBrokerThatIsKilledLosesAndDuplicatesNothing() throws Throwable {
    breakWhileRecordsFlow(kafka::kill, () -> {}, kafka::start);

    pipeline.awaitNoLag();
  }

  @Test
  void aDatabaseThatIsStoppedImmediatelyLosesAndDuplicatesNothing() throws Throwable {
    breakWhileRecordsFlow(
        postgres::stopImmediately,
        () -> assertThat(health.live()).isEqualTo("UP"),
        postgres::start);

    assertNoDeadLetters();
  }

  @Test
  void aDatabaseThatHangsLosesAndDuplicatesNothing() throws Throwable {
    breakWhileRecordsFlow(postgres::pause, () -> {}, postgres::resume);

    assertNoDeadLetters();
  }

  /** Readiness follows an outage in both directions, and every record is stored exactly once. */
  private static void breakWhileRecordsFlow(
      Runnable breakBackend, Runnable whileBroken, Runnable repair) throws Throwable {
    pipeline.whileRecordsFlow(
        () -> {
          pipeline.awaitProgress(500);
          breakBackend.run();
          try {
            awaitReadiness("DOWN", HEALTH_FOLLOWS);
            whileBroken.run();
          } finally {
            repair.run();
          }
          awaitReadiness("UP", HEALTH_FOLLOWS);
          pipeline.awaitProgress(500);
        });

    pipeline.assertEverythingStoredExactlyOnce();
    awaitReadiness("UP", HEALTH_FOLLOWS);
  }

  /** Many clients that search a large table keep the readers' connections and threads busy. */
  @Test
  void slowReadersDoNotStopTheWriting() throws Throwable {
    Api api = new Api(pipeline.instance().httpPort());
    List<CompletableFuture<HttpResponse<String>>> answers;
    pipeline.send(3);
    pipeline.assertEverythingStoredExactlyOnce();
    try (HeldReaders held = new HeldReaders(postgres)) {
      answers =
          Stream.generate(() -> api.begin("/api/events?path=a&value=b")).limit(READERS).toList();
      await("readers in the database")
          .atMost(PROMPTLY)
          .until(() -> held.count() > 0 && answers.stream().anyMatch(CompletableFuture::isDone));
      pipeline.whileRecordsFlow(
          () -> {
            long before = pipeline.stored();
            await("ready").atMost(PROMPTLY).until(health::ready, "UP"::equals);
            await("records stored").atMost(PROMPTLY).until(() -> pipeline.stored() > before + 2000);
            await("ready").atMost(PROMPTLY).until(health::ready, "UP"::equals);
          });
      await("lag 0")
          .atMost(PROMPTLY)
          .until(() -> pipeline.lag().values().stream().allMatch(lag -> lag == 0));
      assertThat(held.count()).isPositive();
    }

    for (CompletableFuture<HttpResponse<String>> answer : answers) {
      HttpResponse<String> response = answer.get(2, TimeUnit.MINUTES);
      assertThat(response.statusCode()).as(response.body()).isIn(200, 503);
      if (response.statusCode() == 503) {
        assertThat(response.headers().firstValue("Retry-After")).isPresent();
        assertThat(Api.json(response).getString("detail")).contains("API_MAX_READS");
      }
    }
    assertThat(answers).anyMatch(answer -> answer.join().statusCode() == 200);
    assertThat(answers).anyMatch(answer -> answer.join().statusCode() == 503);
    assertThat(api.get("/api/events?limit=1").statusCode()).isEqualTo(200);
    pipeline.assertEverythingStoredExactlyOnce();
  }

  @Test
  void aMissingTableIsReportedAndWaitedFor() throws IOException {
    pipeline.database().execute("ALTER TABLE raw_events RENAME TO raw_events_away");
    try {
      pipeline.send(300);
      awaitReadiness("DOWN");
      assertThat(consumer().getString("lastError")).contains("raw_events", "42P01");
      assertThat(health.live()).isEqualTo("UP");
    } finally {
      pipeline.database().execute("ALTER TABLE raw_events_away RENAME TO raw_events");
    }

    pipeline.assertEverythingStoredExactlyOnce();
    awaitReadiness("UP");
    assertNoDeadLetters();
  }

  @Test
  void aRevokedPrivilegeIsReportedAndWaitedFor() throws IOException {
    String role = postgres.user();
    pipeline.database().execute("REVOKE INSERT ON raw_events FROM " + role);
    try {
      pipeline.send(300);
      awaitReadiness("DOWN");
      assertThat(consumer().getString("lastError"))
          .contains("permission denied for table raw_events", "42501");
    } finally {
      pipeline.database().execute("GRANT INSERT ON raw_events TO " + role);
    }

    pipeline.assertEverythingStoredExactlyOnce();
    awaitReadiness("UP");
    assertNoDeadLetters();
  }

  /** Rows that were replicated or copied back leave the sequence where it was. */
  @Test
  void aSequenceBehindItsTableIsMended() {
    pipeline.send(3);
    pipeline.assertEverythingStoredExactlyOnce();

    pipeline
        .database()
        .execute(
            "SELECT setval(pg_get_serial_sequence('raw_events', 'id'), min(id), false)"
                + " FROM raw_events");
    pipeline.send(300);

    pipeline.assertEverythingStoredExactlyOnce();
    assertNoDeadLetters();
    assertThat(pipeline.instance().log())
        .anyMatch(line -> line.contains("the sequence of raw_events.id was behind"));
  }

  @Test
  void aColumnThatSomebodyAddedIsReportedAndWaitedFor() throws IOException {
    pipeline.database().execute("ALTER TABLE raw_events ADD COLUMN added text NOT NULL DEFAULT ''");
    pipeline.database().execute("ALTER TABLE raw_events ALTER COLUMN added DROP DEFAULT");
    try {
      pipeline.send(300);
      awaitReadiness("DOWN");
      assertThat(consumer().getString("lastError")).contains("\"added\"", "23502");
    } finally {
      pipeline.database().execute("ALTER TABLE raw_events DROP COLUMN added");
    }

    pipeline.assertEverythingStoredExactlyOnce();
    awaitReadiness("UP");
    assertNoDeadLetters();
  }

  /** The violation shows at the commit, when the batch has been accepted as a whole. */
  @Test
  void aRecordThatViolatesADeferredConstraintIsDeadLettered() {
    pipeline
        .database()
        .execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                + " RAISE 'refused at the commit' USING ERRCODE = 'check_violation'; END $$");
    pipeline
        .database()
        .execute(
            "CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON raw_events"
                + " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
                + " WHEN (NEW.payload::text = '\"refused\"') EXECUTE FUNCTION refuse()");
    try {
      pipeline.send(30);
      pipeline
          .producer()
          .send(new ProducerRecord<>(pipeline.name(), 0, null, "\"refused\"".getBytes(UTF_8)));
      pipeline.send(30);
      pipeline.assertEverythingStoredExactlyOnce();
    } finally {
      pipeline.database().execute("DROP FUNCTION refuse() CASCADE");
    }

    assertThat(
            pipeline
                .database()
                .query(
                    "SELECT d.sqlstate, convert_from(d.payload, 'UTF8'), r.replayed"
                        + " FROM dead_letters d JOIN topic_partitions p"
                        + " ON p.id = d.topic_partition_id AND p.topic = ?,"
                        + " replay_dead_letters(ARRAY[d.id]) r",
                    pipeline.name()))
        .containsExactly(List.of("23514", "\"refused\"", "t"));
  }

  /**
   * As if a failover had led the connections to a standby that becomes the primary later: new
   * sessions of the database are read-only, and stay so when it isn't any more.
   */
  @Test
  void connectionsToAStandbyAreGivenUp() throws Exception {
    asSuperuser("ALTER DATABASE %s SET default_transaction_read_only = on");
    try {
      asSuperuser(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
              + " WHERE datname = '%s' AND pid <> pg_backend_pid()");
      pipeline.send(300);
      awaitReadiness("DOWN");
      await("the reason")
          .atMost(HEALTH_FOLLOWS)
          .until(() -> consumer().getString("lastError").contains("25006"));
    } finally {
      asSuperuser("ALTER DATABASE %s RESET default_transaction_read_only");
    }

    pipeline.assertEverythingStoredExactlyOnce();
    awaitReadiness("UP");
    assertNoDeadLetters();
  }

  private static void asSuperuser(String sql) throws SQLException {
    try (Connection connection = postgres.connectAsSuperuser();
        Statement statement = connection.createStatement()) {
      statement.execute("SET default_transaction_read_only = off");
      statement.execute(sql.formatted(postgres.database()));
    }
  }

  /** A file size limit has the effect of a full disk: no file can grow. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void aFullDiskIsReportedAndWaitedFor() throws IOException {
    postgres.limitFiles(WAL_SEGMENT_BYTES + 4096);
    try {
      for (int i = 0; i < 2 * WAL_SEGMENT_BYTES / MEBIBYTE; i++) {
        pipeline.producer().send(new ProducerRecord<>(pipeline.name(), document(MEBIBYTE)));
      }
      awaitReadiness("DOWN");
      assertThat(consumer().getString("lastError")).contains("could not extend file");
    } finally {
      postgres.unlimitFiles();
    }

    pipeline.assertEverythingStoredExactlyOnce();
    awaitReadiness("UP");
    assertNoDeadLetters();
  }

  /** Returns a document that cannot be compressed. */
  private static byte[] document(int bytes) {
    byte[] random = new byte[bytes / 4 * 3 - 4096];
    new Random(bytes).nextBytes(random);
    return "\"%s\"".formatted(Base64.getEncoder().encodeToString(random)).getBytes(UTF_8);
  }

  private static JsonObject consumer() throws IOException {
    return health.check("ready", "consumer").getJsonObject("data");
  }

  private static void assertNoDeadLetters() {
    assertThat(
            pipeline
                .database()
                .number(
                    "SELECT count(*) FROM dead_letters d"
                        + " JOIN topic_partitions p ON p.id = d.topic_partition_id"
                        + " WHERE p.topic = ? AND d.replayed_at IS NULL",
                    pipeline.name()))
        .isZero();
  }

  private static void awaitReadiness(String status) {
    awaitReadiness(status, status.equals("UP") ? Pipeline.PATIENCE : HEALTH_FOLLOWS);
  }

  private static void awaitReadiness(String status, Duration atMost) {
    await("readiness " + status).atMost(atMost).until(health::ready, status::equals);
  }

  /** The connector ends the channel at an authorization failure. */
  @Test
  void aChannelThatEndsIsReportedAndReopened() throws IOException {
    AclBinding denied =
        new AclBinding(
            new ResourcePattern(ResourceType.GROUP, pipeline.name(), PatternType.LITERAL),
            new AccessControlEntry(
                "User:ANONYMOUS", "*", AclOperation.READ, AclPermissionType.DENY));
    Pipeline.get(pipeline.admin().createAcls(List.of(denied)).all());
    try {
      pipeline.send(300);
      await("liveness DOWN")
          .atMost(HEALTH_FOLLOWS)
          .until(() -> health.live().equals("DOWN") && health.ready().equals("DOWN"));
      assertThat(consumer().getString("lastError")).contains("GroupAuthorizationException");
    } finally {
      Pipeline.get(pipeline.admin().deleteAcls(List.of(denied.toFilter())).all());
    }

    pipeline.assertEverythingStoredExactlyOnce();
    await("liveness UP").atMost(HEALTH_FOLLOWS).until(health::live, "UP"::equals);
    awaitReadiness("UP");
    assertThat(pipeline.instance().log())
        .anyMatch(line -> line.contains("channel from the broker ha") && line.contains("ended"));
  }

  /** The reopened channel counts as live although there is nothing to deliver. */
  @Test
  void aChannelThatEndsWhileIdleIsLiveAgain() {
    AclBinding denied =
        new AclBinding(
            new ResourcePattern(ResourceType.TOPIC, pipeline.name(), PatternType.LITERAL),
            new AccessControlEntry(
                "User:ANONYMOUS", "*", AclOperation.READ, AclPermissionType.DENY));
    pipeline.send(3);
    pipeline.assertEverythingStoredExactlyOnce();
    pipeline.awaitNoLag();
    Pipeline.get(pipeline.admin().createAcls(List.of(denied)).all());
    try {
      await("liveness DOWN").atMost(HEALTH_FOLLOWS).until(health::live, "DOWN"::equals);
    } finally {
      Pipeline.get(pipeline.admin().deleteAcls(List.of(denied.toFilter())).all());
    }

    await("liveness UP").atMost(Pipeline.PATIENCE).until(health::live, "UP"::equals);
    awaitReadiness("UP");
    pipeline.send(3);
    pipeline.assertEverythingStoredExactlyOnce();
  }

  @Test
  void aDatabaseRestoredFromABackupIsCaughtUpWithTheNextRecord() {
    pipeline.send(600);
    pipeline.assertEverythingStoredExactlyOnce();

    pipeline.restoreEarlierState(0.5);
    pipeline.send(30);

    pipeline.assertEverythingStoredExactlyOnce();
    assertThat(pipeline.instance().log()).anyMatch(line -> line.contains("is stored up to offset"));
  }

  @Test
  void aDatabaseRestoredFromABackupIsCaughtUpWithoutAnyNewRecord() {
    pipeline.send(600);
    pipeline.assertEverythingStoredExactlyOnce();
    pipeline.awaitNoLag();

    pipeline.restoreEarlierState(0.5);

    pipeline.assertEverythingStoredExactlyOnce();
  }

  /** Nobody has committed an offset of the new partition, and it has records before it is found. */
  @Test
  void aPartitionThatIsAddedIsSoonReadFromItsBeginning() {
    int added = pipeline.addPartition();
    pipeline.send(300);

    await("the new partition is stored")
        .atMost(PROMPTLY)
        .until(() -> pipeline.lag().get(added) == 0 && pipeline.endOffsets().get(added) > 0);
    await("the group's lag is 0")
        .atMost(PROMPTLY)
        .until(() -> pipeline.committed(added) == pipeline.endOffsets().get(added));
    pipeline.assertEverythingStoredExactlyOnce();
  }

  @Test
  void aRecreatedTopicIsStoredFromItsBeginning() {
    pipeline.send(600);
    pipeline.assertEverythingStoredExactlyOnce();
    try (TopicContent former = pipeline.content()) {
      pipeline.deleteTopic();
      pipeline.createTopic();
      pipeline.send(300);

      pipeline.assertEverythingStoredExactlyOnce();
      assertThat(former.faults()).isEmpty();
      // the new topic grows beyond the length of the former one
      pipeline.send(900);
      pipeline.assertEverythingStoredExactlyOnce();
    }
  }
}
