package dev.datapipeline.connector;

import dev.datapipeline.broker.BoundedDeserializer;
import dev.datapipeline.record.OversizedRecord;
import dev.datapipeline.record.RecordRange;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;
import org.apache.kafka.clients.consumer.ConsumerInterceptor;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.ClusterResource;
import org.apache.kafka.common.ClusterResourceListener;
import org.apache.kafka.common.TopicPartition;

/**
 * Replaces the records that a poll returns for a partition by one {@link PartitionBatch}, including
 * the offsets that hold no record, and leaves the bytes of records out that are too large. Called
 * by the polling thread only, except for {@link #onUpdate}.
 */
public class PartitionBatcher
    implements ConsumerInterceptor<byte[], byte[]>, ClusterResourceListener {
  /** The consumer property with the name of the channel's topic. */
  static final String TOPIC = "datapipeline.topic";

  private final LongSupplier assignments;
  private final LongSupplier nanoTime;
  private final Map<TopicPartition, Long> nextOffsets = new HashMap<>();
  private long seenAssignments = -1;
  private long maxRecordBytes = Long.MAX_VALUE;
  private ChannelPositions channel = new ChannelPositions();

  /** When the consumer last learned the ids of its topics. */
  private volatile long metadataAtNanos;

  /** Called by Kafka's client. */
  public PartitionBatcher() {
    this(AssignmentObserver::assignments, System::nanoTime);
  }

  /**
   * Creates a batcher for a test.
   *
   * @param assignments returns a number that changes with every assignment
   * @param nanoTime the clock
   */
  PartitionBatcher(LongSupplier assignments, LongSupplier nanoTime) {
    this.assignments = assignments;
    this.nanoTime = nanoTime;
    metadataAtNanos = nanoTime.getAsLong();
  }

  /** Called after each answer to a metadata request, before the next fetch. */
  @Override
  public void onUpdate(ClusterResource cluster) {
    metadataAtNanos = nanoTime.getAsLong();
  }

  @Override
  public void configure(Map<String, ?> configs) {
    channel = ChannelPositions.of(String.valueOf(configs.get(TOPIC)));
    maxRecordBytes = BoundedDeserializer.maxRecordBytes(configs);
  }

  @Override
  public ConsumerRecords<byte[], byte[]> onConsume(ConsumerRecords<byte[], byte[]> polled) {
    BoundedDeserializer.pollEnded();
    noticeAssignments();
    Set<TopicPartition> partitions = new HashSet<>(polled.partitions());
    partitions.addAll(polled.nextOffsets().keySet());
    Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> batches = new LinkedHashMap<>();
    for (TopicPartition partition : partitions) {
      batch(partition, polled).ifPresent(batch -> batches.put(partition, List.of(batch)));
    }
    return new ConsumerRecords<>(batches, polled.nextOffsets());
  }

  private void noticeAssignments() {
    long now = assignments.getAsLong();
    if (now != seenAssignments) {
      nextOffsets.clear();
      channel.assignmentChanged();
      seenAssignments = now;
    }
  }

  private Optional<PartitionBatch> batch(
      TopicPartition partition, ConsumerRecords<byte[], byte[]> polled) {
    List<ConsumerRecord<byte[], byte[]>> records =
        OversizedRecord.replaceIn(polled.records(partition), maxRecordBytes);
    OffsetAndMetadata next = polled.nextOffsets().get(partition);
    long to = next != null ? next.offset() : records.get(records.size() - 1).offset() + 1;
    long first = records.isEmpty() ? to : records.get(0).offset();
    Long expected = nextOffsets.put(partition, to);
    // a first record below the expected offset means that the consumer was reset to an earlier one
    boolean continued = expected != null && expected <= first;
    long from = continued ? expected : first;
    if (continued && from == to) {
      return Optional.empty();
    }
    Optional<Integer> epoch =
        records.isEmpty() ? Optional.empty() : records.get(records.size() - 1).leaderEpoch();
    RecordRange range =
        new RecordRange(partition.topic(), null, partition.partition(), from, to, records);
    return Optional.of(
        new PartitionBatch(
            range, epoch, nanoTime.getAsLong(), metadataAtNanos, channel.handedOver(partition)));
  }

  /** Receives every assigned partition about once a second, because of auto-commit. */
  @Override
  public void onCommit(Map<TopicPartition, OffsetAndMetadata> offsets) {
    noticeAssignments();
    Map<TopicPartition, Long> positions = new HashMap<>();
    offsets.forEach((partition, offset) -> positions.put(partition, offset.offset()));
    channel.committed(positions);
  }

  @Override
  public void close() {
    nextOffsets.clear();
  }
}
