package dev.datapipeline.storage;

import dev.datapipeline.record.Correction;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Collection;
import java.util.Comparator;
import java.util.Map;
import java.util.TreeMap;

/** Marks the dead letters that a batch corrects. */
final class Corrections {
  private static final String MARK =
      "UPDATE dead_letters SET corrected_at = now(), corrected_by_partition = ?,"
          + " corrected_by_offset = ? WHERE id = ? AND correction = ?"
          + " AND corrected_at IS NULL AND replayed_at IS NULL";

  private Corrections() {}

  /**
   * Marks dead letters whose corrected records are stored in this transaction. Records with foreign
   * or malformed headers are stored like any other; this must not fail because of them.
   */
  static void mark(Connection connection, Collection<StorableRecord> records) throws SQLException {
    // in the order of the ids, so that concurrent transactions lock rows in the same order
    Map<Correction, StorableRecord> corrected =
        new TreeMap<>(Comparator.comparingLong(Correction::deadLetter));
    for (StorableRecord record : records) {
      Correction.of(record.record().headers())
          .ifPresent(correction -> corrected.putIfAbsent(correction, record));
    }
    if (corrected.isEmpty()) {
      return;
    }
    try (PreparedStatement statement = connection.prepareStatement(MARK)) {
      for (Map.Entry<Correction, StorableRecord> entry : corrected.entrySet()) {
        StorableRecord record = entry.getValue();
        statement.setInt(1, record.topicPartitionId());
        statement.setLong(2, record.record().offset());
        statement.setLong(3, entry.getKey().deadLetter());
        statement.setObject(4, entry.getKey().token());
        statement.addBatch();
      }
      statement.executeBatch();
    }
  }
}
