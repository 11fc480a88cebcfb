package dev.datapipeline.connector;

import dev.datapipeline.record.RecordRange;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.eclipse.microprofile.reactive.messaging.Message;

/**
 * What one poll brought of one partition, as one record: the connector wraps, streams and delivers
 * records one by one, which costs more than everything else that happens to them.
 *
 * <p>The connector commits only up to the first offset that was not acknowledged, and asks the
 * record for its offset when it is acknowledged. So {@link #acknowledge} acknowledges the message
 * once for each offset of the range, with the record showing that offset, those without a record
 * (transaction markers, compacted records) included.
 */
public final class PartitionBatch extends ConsumerRecord<byte[], byte[]> {
  private static final byte[] NO_VALUE = {};

  private final RecordRange range;
  private final boolean afterAssignment;
  private long shownOffset;

  PartitionBatch(
      TopicPartition partition,
      long from,
      long to,
      List<ConsumerRecord<byte[], byte[]>> records,
      Optional<Integer> leaderEpoch,
      boolean afterAssignment) {
    super(
        partition.topic(),
        partition.partition(),
        from,
        NO_TIMESTAMP,
        TimestampType.NO_TIMESTAMP_TYPE,
        NULL_SIZE,
        NULL_SIZE,
        NO_VALUE,
        NO_VALUE,
        new RecordHeaders(),
        leaderEpoch);
    this.range = new RecordRange(partition.topic(), null, partition.partition(), from, to, records);
    this.afterAssignment = afterAssignment;
    this.shownOffset = from;
  }

  public RecordRange range() {
    return range;
  }

  /**
   * Returns whether this is the partition's first batch after partitions were assigned, so that the
   * connector may wait for acknowledgements of earlier offsets.
   */
  public boolean afterAssignment() {
    return afterAssignment;
  }

  /** The offset that is being acknowledged. */
  @Override
  public long offset() {
    return shownOffset;
  }

  /**
   * Acknowledges offsets one after the other. To be called by one thread at a time.
   *
   * @param message the message that carries this record
   * @param first the first offset; may lie before the range
   * @param end behind the last offset
   */
  public void acknowledge(Message<?> message, long first, long end) {
    for (long offset = first; offset < end; offset++) {
      shownOffset = offset;
      message.ack();
    }
  }
}
