package dev.datapipeline.storage;

import jakarta.annotation.Resource;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;
import javax.sql.DataSource;

/**
 * Writes down what the broker holds, so that the database alone shows partitions and ends that were
 * never read. Thread-safe.
 */
@ApplicationScoped
public class LogOffsets {
  private static final int TIMEOUT_SECONDS = 5;
  private static final String SEEN =
      "unnest(?::text[], ?::uuid[], ?::int[], ?::bigint[], ?::bigint[])"
          + " AS s (topic, topic_id, partition, start_offset, end_offset)";

  /** Does nothing if nothing has changed, so an idle pipeline writes nothing. */
  private static final String UPDATE =
      "INSERT INTO log_offsets AS l (topic, topic_id, partition, start_offset, end_offset)"
          + " SELECT * FROM "
          + SEEN
          + " ON CONFLICT (topic_id, partition) DO UPDATE SET start_offset = excluded.start_offset,"
          + " end_offset = excluded.end_offset, seen_at = now(), deleted_at = NULL"
          + " WHERE (l.start_offset, l.end_offset) <> (excluded.start_offset, excluded.end_offset)"
          + " OR l.deleted_at IS NOT NULL";

  /** What was deleted before the pipeline saw a partition is not its loss. */
  private static final String REGISTER =
      "INSERT INTO topic_partitions (topic, topic_id, partition, first_offset, next_offset)"
          + " SELECT topic, topic_id, partition, start_offset, start_offset FROM "
          + SEEN
          + " WHERE NOT EXISTS (SELECT FROM topic_partitions p"
          + " WHERE p.topic_id = s.topic_id AND p.partition = s.partition) ON CONFLICT DO NOTHING";

  private static final String DELETED =
      "UPDATE log_offsets SET deleted_at = now()"
          + " WHERE topic = ANY (?) AND topic_id <> ALL (?::uuid[]) AND deleted_at IS NULL";

  @Resource(lookup = "jdbc/datapipeline")
  private DataSource dataSource;

  /**
   * The offsets of a partition according to the broker.
   *
   * @param topic the topic's name
   * @param topicId the topic's id
   * @param partition the partition's number
   * @param start the oldest offset that it holds
   * @param end the offset after the last record that can be read
   */
  public record Seen(String topic, UUID topicId, int partition, long start, long end) {}

  /**
   * Writes down what the broker holds now. Topics of the same names with other ids are taken for
   * deleted.
   *
   * @param partitions all partitions of one or more topics
   * @throws SQLException if the database doesn't take it now
   */
  public void write(Collection<Seen> partitions) throws SQLException {
    List<Seen> seen = List.copyOf(partitions);
    try (Connection connection = dataSource.getConnection()) {
      execute(connection, UPDATE, seen);
      execute(connection, REGISTER, seen);
      try (PreparedStatement statement = connection.prepareStatement(DELETED)) {
        statement.setQueryTimeout(TIMEOUT_SECONDS);
        statement.setArray(1, array(connection, "text", distinct(seen, Seen::topic)));
        statement.setArray(2, array(connection, "uuid", distinct(seen, Seen::topicId)));
        statement.executeUpdate();
      }
    }
  }

  private static <T> Set<T> distinct(List<Seen> seen, Function<Seen, T> value) {
    return seen.stream().map(value).collect(Collectors.toSet());
  }

  private static void execute(Connection connection, String sql, List<Seen> seen)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setQueryTimeout(TIMEOUT_SECONDS);
      statement.setArray(1, column(connection, "text", seen, Seen::topic));
      statement.setArray(2, column(connection, "uuid", seen, Seen::topicId));
      statement.setArray(3, column(connection, "int4", seen, Seen::partition));
      statement.setArray(4, column(connection, "int8", seen, Seen::start));
      statement.setArray(5, column(connection, "int8", seen, Seen::end));
      statement.executeUpdate();
    }
  }

  private static Array column(
      Connection connection, String type, List<Seen> seen, Function<Seen, Object> value)
      throws SQLException {
    return array(connection, type, seen.stream().map(value).toList());
  }

  private static Array array(Connection connection, String type, Collection<?> values)
      throws SQLException {
    return connection.createArrayOf(type, values.toArray());
  }
}
