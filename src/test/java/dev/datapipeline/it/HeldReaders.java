package dev.datapipeline.it;

import static org.awaitility.Awaitility.await;

import dev.datapipeline.backends.PostgresServer;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/**
 * Holds queries that search payloads in the database until it is closed, as if the table were huge.
 * Nothing else calls the function that they filter with.
 */
final class HeldReaders implements AutoCloseable {
  private static final long LOCK = 4_711;
  private static final String WAITING =
      """
      CREATE OR REPLACE FUNCTION payload_equals(payload json, path text, value text) RETURNS boolean
      LANGUAGE plpgsql IMMUTABLE AS $$
      BEGIN
        WHILE NOT pg_try_advisory_lock_shared(%1$d) LOOP
          PERFORM pg_sleep(0.1);
        END LOOP;
        PERFORM pg_advisory_unlock_shared(%1$d);
        RETURN false;
      END $$"""
          .formatted(LOCK);

  private final Connection connection;
  private final String original;

  HeldReaders(PostgresServer server) throws SQLException {
    connection = server.connect();
    original = text("SELECT pg_get_functiondef('payload_equals'::regproc)");
    execute("SELECT pg_advisory_lock(" + LOCK + ")");
    execute(WAITING);
  }

  /** Returns the number of queries that are held now. */
  int count() throws SQLException {
    return Integer.parseInt(
        text(
            "SELECT count(*) FROM pg_stat_activity WHERE state = 'active'"
                + " AND query ILIKE '%payload_equals(%' AND pid <> pg_backend_pid()"));
  }

  private String text(String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(sql)) {
      result.next();
      return result.getString(1);
    }
  }

  private void execute(String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  @Override
  public void close() throws SQLException {
    try (connection) {
      execute("SELECT pg_advisory_unlock(" + LOCK + ")");
      // a query that is running would fail if its function were replaced by one in another language
      await("held queries have ended").atMost(Pipeline.PATIENCE).until(() -> count() == 0);
      execute(original);
    }
  }
}
