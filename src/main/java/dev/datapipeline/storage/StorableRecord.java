package dev.datapipeline.storage;

import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * A record that is not stored yet.
 *
 * @param topicPartitionId where it came from
 * @param record the record
 */
record StorableRecord(int topicPartitionId, ConsumerRecord<byte[], byte[]> record) {

  /** Returns the event's time in milliseconds; that of its arrival if the record has none. */
  long timestampMillis() {
    return record.timestamp() < 0 ? System.currentTimeMillis() : record.timestamp();
  }

  NewDeadLetter rejected(String reason, String sqlState) {
    return new NewDeadLetter(topicPartitionId, record, timestampMillis(), reason, sqlState);
  }
}
