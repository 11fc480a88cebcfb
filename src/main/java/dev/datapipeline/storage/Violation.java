package dev.datapipeline.storage;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;
import java.util.Set;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/**
 * A violated integrity constraint (SQLSTATE class 23), as PostgreSQL describes it. Tells
 * constraints that judge a record's value from those that would reject any record: they point at
 * the schema, or at a sequence that is behind its table.
 *
 * @param schema the schema of the table; null if PostgreSQL names no table
 * @param table the table that refuses the row; null as above, such as for an error that a trigger
 *     raises
 * @param constraint the constraint or unique index; null if it has no name
 * @param column the column that must not be null; null for other constraints
 */
record Violation(String schema, String table, String constraint, String column) {
  /** The tables whose id comes from a sequence. */
  private static final Set<String> NUMBERED =
      Set.of("raw_events", "dead_letters", "absent_offsets");

  /**
   * A constraint on nothing but the columns with which the pipeline numbers the rows says nothing
   * about a value. Neither does a unique index that includes such a number, nor a column that
   * somebody added, unless it is computed from the value. A missing partition has no name.
   */
  private static final String CONCERNS_VALUE =
      """
      SELECT coalesce(pg_partition_root(t.oid), t.oid) <> 'raw_events'::regclass
          OR EXISTS (
              SELECT FROM pg_attribute a
              WHERE a.attrelid = t.oid AND a.attname = v.column_name AND a.attgenerated <> '')
          OR coalesce((
              SELECT NOT bool_and(coalesce(
                         a.attname IN ('id', 'kafka_offset', 'topic_partition_id'), false))
                 AND NOT bool_or(
                         parts.indexed AND coalesce(a.attname IN ('id', 'kafka_offset'), false))
              FROM (
                  SELECT unnest(k.conkey), false FROM pg_constraint k
                  WHERE k.conrelid = t.oid AND k.conname = v.constraint_name
                  UNION ALL
                  SELECT unnest(i.indkey::int2[]), true FROM pg_index i
                  JOIN pg_class c ON c.oid = i.indexrelid
                  WHERE i.indrelid = t.oid AND c.relname = v.constraint_name
              ) AS parts (attnum, indexed)
              LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = parts.attnum
          ), false)
      FROM (VALUES (?, ?, ?, ?)) AS v (schema_name, table_name, constraint_name, column_name)
      JOIN pg_namespace n ON n.nspname = v.schema_name
      JOIN pg_class t ON t.relnamespace = n.oid AND t.relname = v.table_name
      """;

  /** Moves the sequence behind the table's rows, unless it is there. */
  private static final String MEND_SEQUENCE =
      """
      SELECT setval(sequence, newest)
      FROM (SELECT pg_get_serial_sequence('%1$s', 'id')::regclass AS sequence,
                   (SELECT max(id) FROM %1$s) AS newest) AS state
      WHERE nextval(sequence) <= newest
      """;

  /** Returns what a failure says about a violated constraint; empty if it is another failure. */
  static Optional<Violation> of(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof PSQLException e && e.getServerErrorMessage() != null) {
        ServerErrorMessage error = e.getServerErrorMessage();
        return String.valueOf(error.getSQLState()).startsWith("23")
            ? Optional.of(
                new Violation(
                    error.getSchema(), error.getTable(), error.getConstraint(), error.getColumn()))
            : Optional.empty();
      }
    }
    return Optional.empty();
  }

  /**
   * Returns whether the record's value is to blame.
   *
   * @param connection in a transaction that hasn't failed
   */
  boolean concernsValue(Connection connection) throws SQLException {
    if (table == null) {
      return true;
    }
    try (PreparedStatement statement = connection.prepareStatement(CONCERNS_VALUE)) {
      statement.setString(1, schema);
      statement.setString(2, table);
      statement.setString(3, constraint);
      statement.setString(4, column);
      try (ResultSet row = statement.executeQuery()) {
        return row.next() && row.getBoolean(1);
      }
    }
  }

  /**
   * Moves the sequence of the table's ids behind its rows, if it gives numbers that are in use.
   * That happens when rows were restored or replicated without their sequence.
   *
   * @return the last id in use; empty if the sequence is not to blame
   */
  Optional<Long> mendSequence(Connection connection) throws SQLException {
    if (table == null || !NUMBERED.contains(table)) {
      return Optional.empty();
    }
    try (PreparedStatement statement = connection.prepareStatement(MEND_SEQUENCE.formatted(table));
        ResultSet row = statement.executeQuery()) {
      return row.next() ? Optional.of(row.getLong(1)) : Optional.empty();
    }
  }
}
