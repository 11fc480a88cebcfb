package dev.datapipeline.health;

import dev.datapipeline.failure.SteadyClock;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import javax.sql.DataSource;

/**
 * The stored position of each partition, what is lost, and the newest backup, according to the
 * database.
 *
 * @param nextOffsets the offset of the next record to store, by partition
 * @param lostOffsets how many offsets were deleted before they were stored
 * @param wentBack how many times the log of a partition has gone back
 * @param lastBackup when the newest backup was complete, by {@link SteadyClock}; null if none is
 *     known
 */
record StoredPositions(
    Map<Key, Long> nextOffsets, long lostOffsets, long wentBack, Instant lastBackup) {
  private static final int TIMEOUT_SECONDS = 2;
  private static final String POSITIONS =
      "SELECT topic_id, partition, next_offset, incarnation FROM topic_partitions"
          + " WHERE topic = ANY (?) AND ended_at IS NULL";
  private static final String LOST =
      "SELECT coalesce(sum(offsets), 0), "
          + "(SELECT (1000 * extract(epoch FROM clock_timestamp() - max(finished_at)))::bigint FROM backups)"
          + " FROM lost_offsets WHERE topic = ANY (?)";

  /**
   * A partition of a topic.
   *
   * @param topicId the topic's id
   * @param partition the partition's number
   */
  record Key(UUID topicId, int partition) {}

  /** Queries the database. */
  static StoredPositions of(DataSource dataSource, List<String> topics) throws SQLException {
    Map<Key, Long> nextOffsets = new HashMap<>();
    long wentBack = 0;
    try (Connection connection = dataSource.getConnection();
        PreparedStatement positions = connection.prepareStatement(POSITIONS);
        PreparedStatement lost = connection.prepareStatement(LOST)) {
      Array names = connection.createArrayOf("text", topics.toArray());
      positions.setQueryTimeout(TIMEOUT_SECONDS);
      positions.setArray(1, names);
      try (ResultSet row = positions.executeQuery()) {
        while (row.next()) {
          nextOffsets.put(new Key(row.getObject(1, UUID.class), row.getInt(2)), row.getLong(3));
          wentBack += row.getInt(4);
        }
      }
      lost.setQueryTimeout(TIMEOUT_SECONDS);
      lost.setArray(1, names);
      try (ResultSet row = lost.executeQuery()) {
        row.next();
        long backupAge = row.getLong(2);
        Instant lastBackup = row.wasNull() ? null : SteadyClock.now().minusMillis(backupAge);
        return new StoredPositions(nextOffsets, row.getLong(1), wentBack, lastBackup);
      }
    }
  }

  /** Returns a partition's position; null if none of its records has been stored. */
  Long nextOffset(UUID topicId, int partition) {
    return nextOffsets.get(new Key(topicId, partition));
  }
}
