package dev.datapipeline.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.datapipeline.backends.PostgresServer;
import dev.datapipeline.it.TestBackends;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.flywaydb.core.api.FlywayException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.ds.PGSimpleDataSource;

/** The migration of a schema of its own. */
class MigrationsIT {
  private static final String SCHEMA = "migrations_it";

  @TempDir private Path scripts;
  private final PostgresServer server = TestBackends.get().postgres();

  @BeforeEach
  void createSchema() throws SQLException {
    execute("DROP SCHEMA IF EXISTS %1$s CASCADE; CREATE SCHEMA %1$s".formatted(SCHEMA));
  }

  private void execute(String sql) throws SQLException {
    try (Connection connection = server.connect();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private Migrations migrations(int socketTimeoutSeconds) {
    PGSimpleDataSource dataSource = new PGSimpleDataSource();
    dataSource.setServerNames(new String[] {server.host()});
    dataSource.setPortNumbers(new int[] {server.port()});
    dataSource.setDatabaseName(server.user());
    dataSource.setUser(server.user());
    dataSource.setPassword(server.password());
    dataSource.setCurrentSchema(SCHEMA);
    dataSource.setSocketTimeout(socketTimeoutSeconds);
    // as in server.xml, but shorter
    dataSource.setOptions("-c lock_timeout=500ms");
    return new Migrations(dataSource, List.of("filesystem:" + scripts));
  }

  private void addScript(String name, String sql) throws IOException {
    Files.writeString(scripts.resolve(name), sql);
  }

  @Test
  void everyScriptIsRunOnce() throws Exception {
    assertThat(migrations(30).run()).isPositive();
    assertThat(migrations(30).run()).isZero();
  }

  @Test
  void theTablesOfANewerVersionAreRefused() throws Exception {
    addScript("V999__of_the_next_version.sql", "CREATE TABLE next (id int)");
    migrations(30).run();
    Files.delete(scripts.resolve("V999__of_the_next_version.sql"));

    assertThatThrownBy(() -> migrations(30).run())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("newer version")
        .hasMessageContaining("migration 999");
  }

  /** An index on a large table takes longer than any answer that is expected otherwise. */
  @Test
  void aLongScriptIsNotCutOff() throws Exception {
    migrations(1).run();
    addScript("V999__long.sql", "SELECT pg_sleep(4)");

    assertThat(migrations(1).run()).isEqualTo(1);
  }

  /** Otherwise every statement that comes after it would wait behind the script. */
  @Test
  void aScriptThatWaitsForALockGivesWay() throws Exception {
    migrations(30).run();
    addScript("V999__lock.sql", "ALTER TABLE raw_events ADD COLUMN of_the_next_version int");
    try (Connection reader = server.connect();
        Statement statement = reader.createStatement()) {
      reader.setAutoCommit(false);
      statement.execute("SELECT count(*) FROM %s.raw_events".formatted(SCHEMA));

      assertThatThrownBy(() -> migrations(30).run())
          .isInstanceOf(FlywayException.class)
          .hasMessageContaining("lock timeout");
    }

    assertThat(migrations(30).run()).isEqualTo(1);
  }

  /** A plain CREATE INDEX would make the writer wait. */
  @Test
  void anIndexIsBuiltBesideAWriter() throws Exception {
    migrations(30).run();
    addScript(
        "V999__index.sql",
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS of_the_next_version ON dead_letters (reason)");

    assertThat(migrations(30).run()).isEqualTo(1);
  }

  /** The dashboard and the API count them. A million replayed ones must not make that slow. */
  @Test
  void theOpenDeadLettersAreCountedByTheirIndex() throws Exception {
    migrations(30).run();
    execute(
        """
        SET search_path = %s;
        INSERT INTO dead_letters
            (topic_partition_id, kafka_offset, reason, sqlstate, "timestamp", replayed_at)
        SELECT 1, n, 'of the test', '22P02', now(), CASE WHEN n > 10 THEN now() END
        FROM generate_series(1, 5000) n;
        ANALYZE dead_letters
        """
            .formatted(SCHEMA));
    try (Connection connection = server.connect();
        Statement statement = connection.createStatement();
        ResultSet plan =
            statement.executeQuery(
                "EXPLAIN SELECT count(id) FROM %s.dead_letters WHERE replayed_at IS NULL"
                    .formatted(SCHEMA))) {
      StringBuilder text = new StringBuilder();
      while (plan.next()) {
        text.append(plan.getString(1));
      }
      assertThat(text).contains("dead_letters_open").doesNotContain("Seq Scan");
    }
  }
}
