package dev.datapipeline.storage;

import dev.datapipeline.storage.StorageSession.AbsentOffsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;

/**
 * Writes to {@code raw_events}, {@code dead_letters} and {@code absent_offsets} with binary COPY.
 * Thread-safe.
 */
final class RawEventCopy {
  private static final String RAW_EVENTS =
      "raw_events (\"timestamp\", payload, topic_partition_id, kafka_offset)";
  private static final String DEAD_LETTERS =
      "dead_letters (topic_partition_id, kafka_offset, key, payload, headers, reason, sqlstate,"
          + " \"timestamp\")";
  private static final String ABSENT_OFFSETS =
      "absent_offsets (topic_partition_id, first_offset, last_offset, reason)";

  /** One per thread that writes, for {@link #abortStuck}. */
  private static final Set<BinaryCopy> COPIES = ConcurrentHashMap.newKeySet();

  /** One buffer per thread, so that writing a batch doesn't allocate one. */
  private static final ThreadLocal<BinaryCopy> COPY =
      ThreadLocal.withInitial(
          () -> {
            BinaryCopy copy = new BinaryCopy();
            COPIES.add(copy);
            return copy;
          });

  private RawEventCopy() {}

  /**
   * Closes the connections whose peer accepts no bytes.
   *
   * @param limit how long a COPY may stand still
   * @param executor closes connections; that may block
   * @return the number of connections
   */
  static int abortStuck(Duration limit, Executor executor) throws SQLException {
    int aborted = 0;
    for (BinaryCopy copy : COPIES) {
      if (copy.abortIfStuck(limit, executor)) {
        aborted++;
      }
    }
    return aborted;
  }

  static void write(Connection connection, List<StorableRecord> records) throws SQLException {
    BinaryCopy copy = COPY.get();
    try {
      copy.begin(connection, RAW_EVENTS);
      for (StorableRecord record : records) {
        copy.row(4);
        copy.timestamp(record.timestampMillis());
        copy.bytes(record.record().value());
        copy.integer(record.topicPartitionId());
        copy.bigint(record.record().offset());
      }
      requireAll(records.size(), copy.finish());
    } finally {
      copy.abandon();
    }
  }

  static void writeDeadLetters(Connection connection, List<NewDeadLetter> letters)
      throws SQLException {
    BinaryCopy copy = COPY.get();
    try {
      copy.begin(connection, DEAD_LETTERS);
      for (NewDeadLetter letter : letters) {
        copy.row(8);
        copy.integer(letter.topicPartitionId());
        copy.bigint(letter.record().offset());
        copy.bytes(letter.record().key());
        copy.bytes(letter.record().value());
        copy.text(letter.headersAsJson());
        copy.text(letter.reason());
        copy.text(letter.sqlState());
        copy.timestamp(letter.timestampMillis());
      }
      requireAll(letters.size(), copy.finish());
    } finally {
      copy.abandon();
    }
  }

  static void writeAbsent(Connection connection, List<AbsentOffsets> ranges) throws SQLException {
    BinaryCopy copy = COPY.get();
    try {
      copy.begin(connection, ABSENT_OFFSETS);
      for (AbsentOffsets range : ranges) {
        copy.row(4);
        copy.integer(range.positionId());
        copy.bigint(range.first());
        copy.bigint(range.last());
        copy.text(range.reason().toString());
      }
      requireAll(ranges.size(), copy.finish());
    } finally {
      copy.abandon();
    }
  }

  /** Fails if rows were dropped. A trigger or a rule may drop them silently. */
  private static void requireAll(long expected, long written) throws SQLException {
    if (written != expected) {
      throw new SQLException(
          "COPY stored %d of %d rows; is there a trigger or a rule?".formatted(written, expected),
          "42000");
    }
  }
}
