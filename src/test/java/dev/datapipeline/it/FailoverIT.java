package dev.datapipeline.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.datapipeline.backends.PostgresServer;
import dev.datapipeline.backends.TcpProxy;
import dev.datapipeline.backends.TcpProxy.Direction;
import dev.datapipeline.backends.TcpProxy.Fault;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * PostgreSQL fails over to a streaming replica. The application finds the database at a virtual
 * address, which is moved to the replica. It also follows a file, whose position is kept in the
 * same transactions.
 */
class FailoverIT {
  private static final Path DIRECTORY =
      ServerDirectory.TARGET.resolve("it/failover" + TestBackends.FORK);
  private static final Duration STALL_TIMEOUT = Duration.ofSeconds(10);

  /** Within this time readiness reports an outage, on a busy machine too. */
  private static final Duration HEALTH_FOLLOWS = STALL_TIMEOUT.plusSeconds(30);

  private static final List<PostgresServer> SERVERS = new ArrayList<>();
  private static PostgresServer primary;
  private static TcpProxy address;
  private static Pipeline pipeline;

  @BeforeAll
  static void start() throws IOException {
    TestBackends.delete(DIRECTORY);
    Path files = Files.createDirectories(DIRECTORY.resolve("files"));
    pipeline =
        new Pipeline("failover", 3)
            .with("CONSUMER_STALL_TIMEOUT", STALL_TIMEOUT.toString())
            .with("PRODUCER_ENABLED", "true")
            .with("PRODUCER_SOURCE", "file")
            .with("PRODUCER_INTERVAL", "PT0.1S")
            .with("FILE_PATH", files.toString());
    primary =
        new PostgresServer(
            DIRECTORY.resolve("primary"), TestBackends.DIRECTORY.resolve("postgres-dist"), 0);
    SERVERS.add(primary);
    primary.start();
    address = new TcpProxy(primary.host(), primary.port());
    pipeline
        .in(primary)
        .with("DB_PORT", Integer.toString(address.port()))
        .with("DB_PASSWORD", primary.password());
  }

  @AfterAll
  static void close() {
    pipeline.close();
    address.close();
    SERVERS.forEach(PostgresServer::close);
  }

  @BeforeEach
  void isRunning() {
    pipeline.running();
  }

  /** Returns a replica of the primary that has caught up with it. */
  private static PostgresServer replica(String name, int primaryPort) throws SQLException {
    PostgresServer replica = primary.replica(DIRECTORY.resolve(name), primaryPort, name);
    SERVERS.add(replica);
    replica.start();
    awaitReplication(name, "state = 'streaming'");
    return replica;
  }

  private static void awaitReplication(String name, String condition) throws SQLException {
    try (Connection connection = primary.connectAsSuperuser();
        Statement statement = connection.createStatement()) {
      await(condition)
          .atMost(Pipeline.PATIENCE)
          .until(
              () -> {
                try (ResultSet rows =
                    statement.executeQuery(
                        "SELECT FROM pg_stat_replication WHERE application_name = '%s' AND %s"
                            .formatted(name, condition))) {
                  return rows.next();
                }
              });
    }
  }

  private static void moveAddressTo(PostgresServer server) {
    address.target(server.host(), server.port());
    address.cut();
  }

  private static void isPrimaryNow(PostgresServer server) {
    server.promote();
    primary = server;
    pipeline.in(server);
  }

  @Test
  void whatAnAsynchronousReplicaHasNotReceivedIsStoredAgain() throws Throwable {
    Path file = write("asynchronous", 0, 1000);
    try (TcpProxy replication = new TcpProxy(primary.host(), primary.port())) {
      PostgresServer replica = replica("asynchronous", replication.port());
      pipeline.whileRecordsFlow(
          () -> {
            pipeline.awaitProgress(500);
            replication.fault(Direction.TO_CLIENT, Fault.STALL);
            write("asynchronous", 1000, 2000);
            awaitLines("asynchronous", 2000);
            pipeline.awaitProgress(1000);
            long stored = pipeline.stored();
            primary.kill();
            replication.cut();
            // the address is moved first, so that the application meets a standby
            moveAddressTo(replica);
            awaitReadiness("DOWN");
            awaitLastError("25006");
            Database standby = new Database(replica);
            assertThat(new Ledger(standby, pipeline.name()).records()).isLessThan(stored - 1000);

            isPrimaryNow(replica);
            awaitReadiness("UP");
            awaitLines("asynchronous", 2000);
            pipeline.awaitProgress(500);
          });
    }

    assertEverythingIsConsistent("asynchronous", file, 2000);
  }

  @Test
  @Tag("long")
  void aSynchronousReplicaHasEverythingThatWasCommitted() throws Throwable {
    Path file = write("synchronous", 0, 1000);
    awaitLines("synchronous", 1000);
    pipeline.awaitNoLag();
    PostgresServer replica = replica("synchronous", primary.port());
    // not before the copy, so that the replica itself waits for nobody
    asSuperuser("ALTER SYSTEM SET synchronous_standby_names = 'synchronous'");
    asSuperuser("SELECT pg_reload_conf()");
    awaitReplication("synchronous", "sync_state = 'sync'");
    double unexplained = stored() - pipeline.stored();
    pipeline.whileRecordsFlow(
        () -> {
          pipeline.awaitProgress(500);
          double retries = retries();
          replica.pause();
          try {
            awaitReadiness("DOWN");
            assertThat(pipeline.instance().health().live()).isEqualTo("UP");
            // the client gives up the connection while the server still waits to commit
            await("a retry").atMost(Pipeline.PATIENCE).until(() -> retries() > retries);
          } finally {
            replica.resume();
          }
          awaitReadiness("UP");
          pipeline.awaitProgress(500);

          primary.kill();
          double committed = stored() - unexplained;
          long gaps = gaps();
          isPrimaryNow(replica);
          assertThat((double) pipeline.stored()).isGreaterThanOrEqualTo(committed);
          moveAddressTo(replica);
          pipeline.awaitProgress(500);
          awaitReadiness("UP");
          assertThat(gaps()).isEqualTo(gaps);
        });

    assertEverythingIsConsistent("synchronous", file, 1000);
  }

  /** Returns how many rows the application says it has committed. */
  private static double stored() throws IOException {
    return Metrics.of(pipeline.instance()).sum("datapipeline_records_stored_total");
  }

  private static double retries() throws IOException {
    return Metrics.of(pipeline.instance()).sum("datapipeline_batch_retries_total");
  }

  /** Returns how often the application has found that the database lacks records. */
  private static long gaps() {
    return pipeline.instance().log().stream()
        .filter(line -> line.contains("is stored up to offset"))
        .count();
  }

  /** The connections work, and stay open when the address leads to the primary again. */
  @Test
  void connectionsToAStandbyThatRemainsOneAreGivenUp() throws Throwable {
    PostgresServer standby = replica("standby", primary.port());
    pipeline.whileRecordsFlow(
        () -> {
          pipeline.awaitProgress(500);
          moveAddressTo(standby);
          awaitReadiness("DOWN");
          awaitLastError("25006");
          address.target(primary.host(), primary.port());
          awaitReadiness("UP");
          pipeline.awaitProgress(500);
        });

    pipeline.assertEverythingStoredExactlyOnce();
    assertThat(auditFaults()).isEmpty();
    standby.stop();
  }

  private static void asSuperuser(String sql) throws SQLException {
    try (Connection connection = primary.connectAsSuperuser();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static void awaitReadiness(String status) {
    await("readiness " + status)
        .atMost(status.equals("DOWN") ? HEALTH_FOLLOWS : Pipeline.PATIENCE)
        .until(pipeline.instance().health()::ready, status::equals);
  }

  private static void awaitLastError(String part) {
    await("an error with " + part)
        .atMost(Pipeline.PATIENCE)
        .ignoreExceptions()
        .until(
            () ->
                pipeline
                    .instance()
                    .health()
                    .check("ready", "consumer")
                    .getJsonObject("data")
                    .getString("lastError")
                    .contains(part));
  }

  private static Path write(String test, int from, int to) throws IOException {
    Path file = DIRECTORY.resolve("files").resolve(test + ".log");
    try (BufferedWriter writer =
        Files.newBufferedWriter(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
      for (int n = from; n < to; n++) {
        writer.write("{\"test\":\"%s\",\"line\":%d}\n".formatted(test, n));
      }
    }
    return file;
  }

  private static List<Long> lines(String test) {
    return pipeline
        .database()
        .query(
            Database.ofTopic(
                "SELECT count(*), count(DISTINCT payload->>'line') FROM own"
                    + " WHERE payload->>'test' = ?"),
            pipeline.name(),
            test)
        .get(0)
        .stream()
        .map(Long::valueOf)
        .toList();
  }

  private static void awaitLines(String test, long lines) {
    await(lines + " lines").atMost(Pipeline.PATIENCE).until(() -> lines(test).get(1) >= lines);
  }

  private static List<List<String>> auditFaults() {
    return pipeline
        .database()
        .query(
            "SELECT * FROM offset_audit WHERE topic IS NULL OR topic = ?"
                + " AND (duplicates <> 0 OR unexplained <> 0 OR beyond <> 0 OR lost <> 0)",
            pipeline.name());
  }

  private static void assertEverythingIsConsistent(String test, Path file, long lines)
      throws IOException {
    pipeline.assertEverythingStoredExactlyOnce();
    pipeline.awaitNoLag();
    assertThat(auditFaults()).isEmpty();
    assertThat(lines(test)).containsExactly(lines, lines);
    assertThat(
            pipeline
                .database()
                .query("SELECT next_offset FROM file_positions WHERE path = ?", file.toString()))
        .containsExactly(List.of(Long.toString(Files.size(file))));
  }
}
