package dev.datapipeline.storage;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/**
 * Ends the sessions of instances that hang while they hold positions. PostgreSQL waits for a client
 * in the middle of a COPY for as long as the connection exists, and none of its timeouts applies.
 * What such a session has written is rolled back, so its instance stores it again, or finds it
 * stored.
 */
final class StalledSessions {

  /**
   * The sessions of this application that hold the positions and wait for their client, and what
   * each has done last. The application's name keeps sessions of people out.
   */
  private static final String WAITING_FOR_THEIR_CLIENT =
      """
      SELECT a.pid, concat_ws(' ', a.backend_start, a.state_change, c.bytes_processed)
      FROM topic_partitions p
      JOIN pg_locks l ON l.locktype = 'transactionid' AND l.granted AND l.transactionid = p.xmax
      JOIN pg_stat_activity a ON a.pid = l.pid
      LEFT JOIN pg_stat_progress_copy c ON c.pid = a.pid
      WHERE p.id = ANY (?)
        AND a.usename = current_user
        AND a.application_name = current_setting('application_name')
        AND a.wait_event_type = 'Client'
      """;

  private StalledSessions() {}

  /** Returns what each session that may hang has done last, by its process id. */
  static Map<Integer, String> find(Connection connection, Set<Integer> positionIds)
      throws SQLException {
    Map<Integer, String> sessions = new HashMap<>();
    try (PreparedStatement statement = connection.prepareStatement(WAITING_FOR_THEIR_CLIENT)) {
      statement.setArray(1, connection.createArrayOf("integer", positionIds.toArray()));
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          sessions.put(row.getInt(1), row.getString(2));
        }
      }
    }
    return sessions;
  }

  /** Ends a session. A role may always end its own. */
  static void end(Connection connection, int pid) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement("SELECT pg_terminate_backend(?)")) {
      statement.setInt(1, pid);
      statement.execute();
    }
  }
}
