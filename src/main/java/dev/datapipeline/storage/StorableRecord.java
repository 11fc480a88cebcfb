package dev.datapipeline.storage;

import dev.datapipeline.record.EventTime;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * A record that is about to be stored.
 *
 * @param topicPartitionId the row of {@code topic_partitions} that it came from
 * @param record the record
 */
record StorableRecord(int topicPartitionId, ConsumerRecord<byte[], byte[]> record) {

  /** Returns when the event happened, in epoch milliseconds. */
  long timestampMillis() {
    return EventTime.of(record);
  }

  NewDeadLetter rejected(String reason, String sqlState) {
    return new NewDeadLetter(topicPartitionId, record, timestampMillis(), reason, sqlState);
  }
}
