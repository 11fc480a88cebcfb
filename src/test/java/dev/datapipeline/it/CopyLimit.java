package dev.datapipeline.it;

import dev.datapipeline.backends.PostgresServer;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;

/** How fast PostgreSQL itself copies rows: nothing that writes them can be much faster. */
final class CopyLimit {
  private CopyLimit() {}

  /** Copies the rows of {@code raw_events} from a file, and returns how many seconds it took. */
  static double seconds(PostgresServer postgres) throws SQLException {
    Path file = TestBackends.DIRECTORY.resolve("rows.copy");
    String columns = "(\"timestamp\", payload, topic_partition_id, kafka_offset)";
    try (Connection connection = postgres.connectAsSuperuser();
        Statement statement = connection.createStatement()) {
      statement.execute(
          "COPY raw_events " + columns + " TO '" + file.toString().replace("'", "''") + "'");
      statement.execute("TRUNCATE raw_events");
      long begin = System.nanoTime();
      statement.execute(
          "COPY raw_events " + columns + " FROM '" + file.toString().replace("'", "''") + "'");
      return (System.nanoTime() - begin) / 1e9;
    }
  }
}
