package dev.datapipeline.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.datapipeline.backends.PostgresServer;
import dev.datapipeline.backends.TcpProxy;
import dev.datapipeline.backends.TcpProxy.Direction;
import dev.datapipeline.backends.TcpProxy.Fault;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;

/**
 * What the classes of this package learn from PostgreSQL: which violated constraints are the
 * record's fault and which are the schema's, and which sessions hang.
 */
class PostgresIT {
  private static PostgresServer server;
  private Connection connection;

  @BeforeAll
  static void start() {
    server = new PostgresServer(Path.of("target/it/storage"), 0);
    server.start();
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @BeforeEach
  void createTables() throws Exception {
    connection = server.connect();
    execute("DROP SCHEMA IF EXISTS test CASCADE");
    execute("CREATE SCHEMA test");
    execute("SET search_path = test");
    execute(Files.readString(Path.of("sql/V1__create_pipeline_tables.sql")));
    connection.setAutoCommit(false);
  }

  @AfterEach
  void disconnect() throws SQLException {
    connection.close();
  }

  private void execute(String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private List<String> query(String sql) throws SQLException {
    List<String> rows = new ArrayList<>();
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      while (row.next()) {
        rows.add(row.getString(1));
      }
    }
    return rows;
  }

  private long isolate(String... payloads) throws SQLException {
    List<StorableRecord> records = new ArrayList<>();
    for (int i = 0; i < payloads.length; i++) {
      records.add(
          new StorableRecord(
              1,
              new ConsumerRecord<>("t", 0, i, null, payloads[i].getBytes(StandardCharsets.UTF_8))));
    }
    return new PoisonIsolation(connection).write(records);
  }

  /** Each refuses the payloads that have a member "bad", or the second of them. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "ALTER TABLE raw_events ADD CHECK (payload->>'bad' IS NULL)",
        "ALTER TABLE raw_events ADD CHECK (kafka_offset < 0 OR payload->>'bad' IS NULL) NOT VALID",
        "CREATE UNIQUE INDEX ON raw_events ((payload->>'bad'))",
        "CREATE UNIQUE INDEX ON raw_events ((payload->>'bad'), topic_partition_id)",
        "ALTER TABLE raw_events ADD EXCLUDE USING btree ((payload->>'bad') WITH =)",
        "ALTER TABLE raw_events ADD good text NOT NULL"
            + " GENERATED ALWAYS AS (CASE WHEN payload->>'bad' IS NULL THEN 'good' END) STORED",
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            + " RAISE 'bad' USING ERRCODE = 'check_violation'; END $$;"
            + "CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON raw_events"
            + " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
            + " WHEN (NEW.payload->>'bad' IS NOT NULL) EXECUTE FUNCTION refuse()",
        "CREATE TABLE seen (id text PRIMARY KEY);"
            + "CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            + " INSERT INTO seen VALUES (NEW.payload->>'bad'); RETURN NEW; END $$;"
            + "CREATE TRIGGER see BEFORE INSERT ON raw_events FOR EACH ROW"
            + " WHEN (NEW.payload->>'bad' IS NOT NULL) EXECUTE FUNCTION see()"
      })
  void aConstraintOnThePayloadIsolatesTheRecord(String constraint) throws SQLException {
    execute(constraint);

    long rejected = isolate("{\"n\":0}", "{\"bad\":1}", "{\"n\":2}", "{\"bad\":1}", "{\"n\":4}");
    connection.commit();

    assertThat(query("SELECT payload->>'n' FROM raw_events WHERE payload->>'bad' IS NULL"))
        .containsExactly("0", "2", "4");
    assertThat(rejected).isEqualTo(query("SELECT id FROM dead_letters").size()).isBetween(1L, 2L);
    assertThat(query("SELECT convert_from(payload, 'UTF8') FROM dead_letters"))
        .containsOnly("{\"bad\":1}");
  }

  /** Each refuses any record, whatever its value. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "INSERT INTO raw_events OVERRIDING SYSTEM VALUE VALUES (1, now(), '{}', 1, -1)",
        "CREATE UNIQUE INDEX ON raw_events (topic_partition_id, kafka_offset);"
            + "INSERT INTO raw_events VALUES (1000, now(), '{}', 1, 0)",
        "ALTER TABLE raw_events ADD added text NOT NULL",
        "ALTER TABLE raw_events ADD CHECK (kafka_offset > 1000)",
        "ALTER TABLE raw_events ADD CHECK (false)",
        "ALTER TABLE raw_events"
            + " ADD FOREIGN KEY (topic_partition_id) REFERENCES topic_partitions (id)",
        "ALTER TABLE raw_events"
            + " ADD FOREIGN KEY (topic_partition_id) REFERENCES topic_partitions (id)"
            + " DEFERRABLE INITIALLY DEFERRED",
        "ALTER SEQUENCE raw_events_id_seq MAXVALUE 2; SELECT setval('raw_events_id_seq', 2)",
        "ALTER TABLE raw_events ALTER kafka_offset TYPE integer",
        "DROP VIEW raw_events_source; DROP TABLE raw_events;"
            + "CREATE TABLE raw_events (id bigint GENERATED BY DEFAULT AS IDENTITY,"
            + " \"timestamp\" timestamptz NOT NULL, payload json NOT NULL,"
            + " topic_partition_id integer NOT NULL, kafka_offset bigint NOT NULL)"
            + " PARTITION BY RANGE (\"timestamp\")"
      })
  void aConstraintThatIsNotOnTheValueDeadLettersNothing(String constraint) throws SQLException {
    execute("DROP VIEW raw_events_source");
    execute(constraint.replace("DROP VIEW raw_events_source; ", ""));
    connection.commit();

    assertThatThrownBy(() -> isolate("{\"n\":0}", "{\"n\":1}")).isInstanceOf(SQLException.class);

    connection.rollback();
    assertThat(query("SELECT id FROM dead_letters")).isEmpty();
  }

  @Test
  void aViolationInAPartitionIsJudgedLikeOneInTheTable() throws SQLException {
    execute("DROP VIEW raw_events_source");
    execute("DROP TABLE raw_events");
    execute(
        "CREATE TABLE raw_events (id bigint GENERATED BY DEFAULT AS IDENTITY,"
            + " \"timestamp\" timestamptz NOT NULL, payload json NOT NULL,"
            + " topic_partition_id integer NOT NULL, kafka_offset bigint NOT NULL,"
            + " PRIMARY KEY (id, topic_partition_id), CHECK (payload->>'bad' IS NULL))"
            + " PARTITION BY LIST (topic_partition_id)");
    execute("CREATE TABLE first PARTITION OF raw_events FOR VALUES IN (1)");
    assertThat(isolate("{\"n\":0}", "{\"bad\":1}")).isEqualTo(1);
    connection.commit();

    execute("SELECT setval('raw_events_id_seq', max(id), false) FROM raw_events");
    assertThatThrownBy(() -> isolate("{\"n\":3}")).hasMessageContaining("first_pkey");
  }

  @Test
  void aSequenceBehindItsTableIsMoved() throws Exception {
    execute("INSERT INTO raw_events VALUES (500, now(), '{}', 1, 1), (1, now(), '{}', 1, 0)");
    connection.commit();
    SQLException failure = refusal();
    connection.rollback();

    Violation violation = Violation.of(new IllegalStateException(failure)).orElseThrow();
    assertThat(violation.mendSequence(connection)).contains(500L);
    assertThat(violation.mendSequence(connection)).isEmpty();
    assertThat(isolate("{}")).isZero();
    assertThat(query("SELECT max(id) FROM raw_events")).containsExactly("502");
  }

  private SQLException refusal() {
    try {
      isolate("{}");
      throw new AssertionError("not refused");
    } catch (SQLException e) {
      return e;
    }
  }

  @Test
  void otherFailuresAreNoViolations() {
    assertThat(Violation.of(new SQLException("x", "23505"))).isEmpty();
    assertThatThrownBy(() -> execute("SELECT '{'::json"))
        .satisfies(failure -> assertThat(Violation.of(failure)).isEmpty());
  }

  /** Opens a session of an instance that has locked a position and is in the middle of a COPY. */
  private Connection copying(String applicationName) throws SQLException {
    Connection copying = server.connect();
    try (Statement statement = copying.createStatement()) {
      statement.execute("SET application_name = '" + applicationName + "'");
      statement.execute("SET search_path = test");
      copying.setAutoCommit(false);
      statement.execute("SELECT FROM topic_partitions WHERE id = 1 FOR UPDATE");
    }
    return copying;
  }

  private static CopyIn begin(Connection copying) throws SQLException {
    CopyIn copy =
        copying
            .unwrap(PGConnection.class)
            .getCopyAPI()
            .copyIn("COPY dead_letters (payload) FROM STDIN");
    send(copy);
    return copy;
  }

  private static void send(CopyIn copy) throws SQLException {
    copy.writeToCopy("x".getBytes(StandardCharsets.UTF_8), 0, 1);
    copy.flushCopy();
  }

  private Map<Integer, String> stalled() throws SQLException {
    Map<Integer, String> found = StalledSessions.find(connection, Set.of(1, 2));
    // what other sessions do is seen once in a transaction
    connection.rollback();
    return found;
  }

  private void createPosition() throws SQLException {
    execute(
        "INSERT INTO topic_partitions (topic, topic_id, partition)"
            + " VALUES ('t', gen_random_uuid(), 0)");
    connection.commit();
    execute("SET application_name = 'instances'");
    connection.commit();
  }

  @Test
  void aSessionThatWaitsForTheDataOfACopyIsFoundAndEnded() throws SQLException {
    createPosition();
    assertThat(stalled()).isEmpty();
    Connection copying = copying("instances");
    CopyIn copy = begin(copying);
    await().until(() -> stalled().size() == 1);
    Map<Integer, String> before = stalled();
    assertThat(stalled()).isEqualTo(before);

    send(copy);
    await("progress").until(() -> !stalled().equals(before));

    StalledSessions.end(connection, before.keySet().iterator().next());
    connection.commit();
    execute("SET lock_timeout = '60s'");
    execute("SELECT FROM topic_partitions FOR UPDATE");
    assertThatThrownBy(copy::endCopy).isInstanceOf(SQLException.class);
    copying.abort(Runnable::run);
  }

  @Test
  void sessionsThatWorkOrBelongToOtherProgramsAreNotFound() throws Exception {
    createPosition();
    try (Connection other = copying("psql")) {
      assertThat(stalled()).isEmpty();
      other.rollback();
    }
    try (Connection working = copying("instances");
        Statement statement = working.createStatement()) {
      CompletableFuture<?> query =
          CompletableFuture.runAsync(
              () -> {
                try {
                  statement.execute("SELECT pg_sleep(60)");
                } catch (SQLException e) {
                  // cancelled
                }
              });
      await()
          .until(
              () -> query("SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'"),
              pids -> {
                rollback();
                return pids.size() == 1;
              });
      assertThat(stalled()).isEmpty();
      statement.cancel();
      query.join();
    }
  }

  @Test
  void aCopyWhoseServerAcceptsNoDataIsEnded() throws Exception {
    try (TcpProxy proxy = new TcpProxy(server.host(), server.port());
        Connection stalling =
            DriverManager.getConnection(
                "jdbc:postgresql://127.0.0.1:%d/%s".formatted(proxy.port(), server.database()),
                server.user(),
                server.password())) {
      BinaryCopy copy = new BinaryCopy();
      copy.begin(stalling, "test.dead_letters (payload)");
      proxy.fault(Direction.TO_SERVER, Fault.STALL);
      CompletableFuture<Void> writing = CompletableFuture.runAsync(() -> writeForever(copy));

      await().until(() -> copy.abortIfStuck(Duration.ofSeconds(1), Runnable::run));

      assertThatThrownBy(writing::join).hasRootCauseInstanceOf(IOException.class);
      assertThat(stalling.isClosed()).isTrue();
      assertThat(copy.abortIfStuck(Duration.ZERO, Runnable::run)).isFalse();
    }
  }

  private static void writeForever(BinaryCopy copy) {
    try {
      while (true) {
        copy.row(1);
        copy.bytes(new byte[1 << 20]);
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private void rollback() {
    try {
      connection.rollback();
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }
}
