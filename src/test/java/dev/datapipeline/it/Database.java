package dev.datapipeline.it;

import dev.datapipeline.backends.PostgresServer;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** The database as a user of psql sees it. */
final class Database {
  private final PostgresServer server;

  Database(PostgresServer server) {
    this.server = server;
  }

  /**
   * Returns a query whose first parameter is a topic and whose table {@code own} has the topic's
   * events only. The rows of other tests are filtered out before any operator of json sees them: it
   * would fail for documents such as {@code "\\u0000"}.
   */
  static String ofTopic(String select) {
    return "WITH own AS MATERIALIZED (SELECT id, payload FROM raw_events_source WHERE topic = ?) "
        + select;
  }

  /** Runs a query and returns its rows' columns as text. */
  List<List<String>> query(String sql, Object... parameters) {
    try (Connection connection = server.connect();
        PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int i = 0; i < parameters.length; i++) {
        statement.setObject(i + 1, parameters[i]);
      }
      List<List<String>> rows = new ArrayList<>();
      try (ResultSet result = statement.executeQuery()) {
        while (result.next()) {
          List<String> row = new ArrayList<>();
          for (int column = 1; column <= result.getMetaData().getColumnCount(); column++) {
            row.add(result.getString(column));
          }
          rows.add(row);
        }
      }
      return rows;
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Runs a query that returns one number. */
  long number(String sql, Object... parameters) {
    return Long.parseLong(query(sql, parameters).get(0).get(0));
  }

  void execute(String sql) {
    try (Connection connection = server.connect();
        PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.execute();
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }
}
