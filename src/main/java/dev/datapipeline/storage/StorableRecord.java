package dev.datapipeline.storage;

import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * A record that is about to be stored.
 *
 * @param topicPartitionId the row of {@code topic_partitions} that it came from
 * @param record the record
 */
record StorableRecord(int topicPartitionId, ConsumerRecord<byte[], byte[]> record) {

  /** Returns the record's timestamp in epoch milliseconds; the current time if it has none. */
  long timestampMillis() {
    return record.timestamp() < 0 ? System.currentTimeMillis() : record.timestamp();
  }

  NewDeadLetter rejected(String reason, String sqlState) {
    return new NewDeadLetter(topicPartitionId, record, timestampMillis(), reason, sqlState);
  }
}
