package dev.datapipeline.health;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import javax.sql.DataSource;

/**
 * The stored position of each partition, according to the database.
 *
 * @param nextOffsets the offset of the next record to store, by partition
 */
record StoredPositions(Map<Key, Long> nextOffsets) {
  private static final int TIMEOUT_SECONDS = 2;

  /**
   * A partition of one incarnation of a topic.
   *
   * @param topicId the topic's id
   * @param partition the partition's number
   */
  record Key(UUID topicId, int partition) {}

  /** Queries the database. */
  static StoredPositions of(DataSource dataSource, List<String> topics) throws SQLException {
    Map<Key, Long> nextOffsets = new HashMap<>();
    try (Connection connection = dataSource.getConnection();
        PreparedStatement statement =
            connection.prepareStatement(
                "SELECT topic_id, partition, next_offset FROM topic_partitions"
                    + " WHERE topic = ANY (?)")) {
      statement.setQueryTimeout(TIMEOUT_SECONDS);
      statement.setArray(1, connection.createArrayOf("text", topics.toArray()));
      try (ResultSet row = statement.executeQuery()) {
        while (row.next()) {
          nextOffsets.put(new Key(row.getObject(1, UUID.class), row.getInt(2)), row.getLong(3));
        }
      }
    }
    return new StoredPositions(nextOffsets);
  }

  /** Returns a partition's position; null if none of its records has been stored. */
  Long nextOffset(UUID topicId, int partition) {
    return nextOffsets.get(new Key(topicId, partition));
  }
}
