package dev.datapipeline.consumer;

import dev.datapipeline.connector.PartitionBatch;
import dev.datapipeline.record.RecordRange;
import org.apache.kafka.common.TopicPartition;

/**
 * A range of records from its arrival until it is stored or dropped.
 *
 * @param range the records, without a topic id
 * @param bytes how much memory they take
 * @param arrivedAtNanos when they were polled, by {@link System#nanoTime()}
 * @param metadataAtNanos when the consumer last learned the topic's id, before it polled them
 * @param onStored must be run once, when they are stored or dropped
 */
record Delivery(
    RecordRange range, long bytes, long arrivedAtNanos, long metadataAtNanos, Runnable onStored) {

  static Delivery of(PartitionBatch batch) {
    return new Delivery(
        batch.range(),
        batch.range().bytes(),
        batch.polledAtNanos(),
        batch.metadataAtNanos(),
        batch::stored);
  }

  /** Returns the timestamp of the first record, in epoch milliseconds; -1 if there is none. */
  long oldestTimestamp() {
    return range.records().isEmpty() ? -1 : range.records().get(0).timestamp();
  }

  TopicPartition partition() {
    return range.topicPartition();
  }
}
