package dev.datapipeline.connector;

import dev.datapipeline.record.RecordRange;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.eclipse.microprofile.reactive.messaging.Message;

/**
 * The records that one poll returned for one partition, as a single record, so that the connector
 * delivers them as one message.
 */
public final class PartitionBatch extends ConsumerRecord<byte[], byte[]> {
  private static final byte[] EMPTY = {};

  private final RecordRange range;
  private final long polledAtNanos;
  private final long metadataAtNanos;
  private final Runnable onStored;

  PartitionBatch(
      RecordRange range,
      Optional<Integer> leaderEpoch,
      long polledAtNanos,
      long metadataAtNanos,
      Runnable onStored) {
    super(
        range.topic(),
        range.partition(),
        range.from(),
        NO_TIMESTAMP,
        TimestampType.NO_TIMESTAMP_TYPE,
        NULL_SIZE,
        NULL_SIZE,
        EMPTY,
        EMPTY,
        new RecordHeaders(),
        leaderEpoch);
    this.range = range;
    this.polledAtNanos = polledAtNanos;
    this.metadataAtNanos = metadataAtNanos;
    this.onStored = onStored;
  }

  /**
   * Returns the batch that a message of the channel carries.
   *
   * @param message delivered by the connector
   * @return not null
   */
  public static PartitionBatch of(Message<byte[]> message) {
    return (PartitionBatch) message.unwrap(ConsumerRecord.class);
  }

  /**
   * Returns the records.
   *
   * @return a range without a topic id
   */
  public RecordRange range() {
    return range;
  }

  /**
   * Returns when the poll returned the records.
   *
   * @return by {@link System#nanoTime()}
   */
  public long polledAtNanos() {
    return polledAtNanos;
  }

  /**
   * Returns when the consumer last learned the ids of its topics, before it polled the records. It
   * fetches by id, so the records are not from a topic that was created after that.
   *
   * @return by {@link System#nanoTime()}
   */
  public long metadataAtNanos() {
    return metadataAtNanos;
  }

  /** Must be called once when the batch is stored. */
  public void stored() {
    onStored.run();
  }
}
