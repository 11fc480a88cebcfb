package dev.datapipeline.consumer;

import dev.datapipeline.connector.PartitionBatch;
import dev.datapipeline.record.RecordRange;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.eclipse.microprofile.reactive.messaging.Message;

/**
 * A message of the channel, from its arrival until it is acknowledged.
 *
 * @param message what the connector delivered
 * @param batch the records it carries
 * @param bytes how much memory they take
 * @param arrivedAtNanos when it arrived, by {@link System#nanoTime()}
 */
record Delivery(Message<byte[]> message, PartitionBatch batch, long bytes, long arrivedAtNanos) {

  static Delivery of(Message<byte[]> message) {
    PartitionBatch batch = (PartitionBatch) message.unwrap(ConsumerRecord.class);
    return new Delivery(message, batch, batch.range().bytes(), System.nanoTime());
  }

  RecordRange range() {
    return batch.range();
  }

  /**
   * Returns when the first record was written to the topic, in epoch milliseconds; -1 if unknown.
   */
  long oldestTimestamp() {
    return range().records().isEmpty() ? -1 : range().records().get(0).timestamp();
  }

  TopicPartition partition() {
    return new TopicPartition(batch.topic(), batch.partition());
  }

  void acknowledge(long first, long end) {
    batch.acknowledge(message, first, end);
  }
}
