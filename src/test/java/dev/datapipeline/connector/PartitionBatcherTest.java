package dev.datapipeline.connector;

import static org.assertj.core.api.Assertions.assertThat;

import dev.datapipeline.broker.BoundedDeserializer;
import dev.datapipeline.record.OversizedRecord;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.LongStream;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Assignment;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.ClusterResource;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

class PartitionBatcherTest {
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private static final TopicPartition PARTITION = new TopicPartition("t", 0);
  private static final TopicPartition OTHER = new TopicPartition("t", 1);

  private final PartitionBatcher batcher = new PartitionBatcher();

  private static List<ConsumerRecord<byte[], byte[]>> records(
      TopicPartition partition, long... offsets) {
    return LongStream.of(offsets)
        .mapToObj(
            offset ->
                new ConsumerRecord<>(
                    partition.topic(), partition.partition(), offset, new byte[0], new byte[1]))
        .toList();
  }

  private void configure(String topic) {
    batcher.configure(
        Map.of(PartitionBatcher.TOPIC, topic, BoundedDeserializer.MAX_RECORD_BYTES, "300"));
  }

  /** Simulates a poll that returns records of one partition, and whose next offset is given. */
  private List<PartitionBatch> poll(long next, long... offsets) {
    ConsumerRecords<byte[], byte[]> polled =
        new ConsumerRecords<>(
            offsets.length == 0 ? Map.of() : Map.of(PARTITION, records(PARTITION, offsets)),
            Map.of(PARTITION, new OffsetAndMetadata(next)));
    List<PartitionBatch> batches = new ArrayList<>();
    batcher.onConsume(polled).forEach(record -> batches.add((PartitionBatch) record));
    return batches;
  }

  private static void assertRange(List<PartitionBatch> batches, long from, long to, int records) {
    assertThat(batches).hasSize(1);
    assertThat(batches.get(0).range().from()).isEqualTo(from);
    assertThat(batches.get(0).range().to()).isEqualTo(to);
    assertThat(batches.get(0).range().records()).hasSize(records);
  }

  @SuppressWarnings("removal") // there is no other way to have one
  private static void assign(AssignmentObserver observer, List<TopicPartition> partitions) {
    observer.onAssignment(
        new Assignment(partitions),
        new ConsumerGroupMetadata("group", 1, "member", Optional.empty()));
  }

  private static void assign() {
    assign(new AssignmentObserver(), List.of(PARTITION));
  }

  @Test
  void aPollBecomesOneBatchForEachPartition() {
    ConsumerRecords<byte[], byte[]> batches =
        batcher.onConsume(
            new ConsumerRecords<>(
                Map.of(PARTITION, records(PARTITION, 0, 1, 2), OTHER, records(OTHER, 7, 8)),
                Map.of(PARTITION, new OffsetAndMetadata(3), OTHER, new OffsetAndMetadata(9))));

    assertThat(batches.count()).isEqualTo(2);
    assertThat(batches.records(OTHER)).singleElement().isInstanceOf(PartitionBatch.class);
    assertThat(batches.nextOffsets().get(PARTITION).offset()).isEqualTo(3);
  }

  @Test
  void aRecordThatIsTooLargeComesWithoutItsValue() {
    configure("limited");
    ConsumerRecord<byte[], byte[]> large =
        new ConsumerRecord<>("t", 0, 1, new byte[0], new byte[400]);
    large.headers().add("h", new byte[400]);
    ConsumerRecords<byte[], byte[]> batches =
        batcher.onConsume(
            new ConsumerRecords<>(
                Map.of(PARTITION, List.of(records(PARTITION, 0).get(0), large)),
                Map.of(PARTITION, new OffsetAndMetadata(2))));

    PartitionBatch batch = (PartitionBatch) batches.iterator().next();
    assertThat(batch.range().records().get(0).value()).hasSize(1);
    assertThat(batch.range().records().get(1)).isInstanceOf(OversizedRecord.class);
  }

  @Test
  void theFirstBatchBeginsWithItsFirstRecord() {
    assertRange(poll(7, 5, 6), 5, 7, 2);
  }

  @Test
  void aGapBetweenPollsBelongsToTheLaterOne() {
    poll(3, 1, 2);
    List<PartitionBatch> batches = poll(9, 5, 8);

    assertRange(batches, 3, 9, 2);
  }

  @Test
  void aGapAtTheEndBelongsToTheBatch() {
    assertRange(poll(6, 1, 2), 1, 6, 2);
    assertRange(poll(7, 6), 6, 7, 1);
  }

  @Test
  void aPollThatOnlyPassesMarkersIsABatchWithoutRecords() {
    poll(3, 1, 2);

    assertRange(poll(5), 3, 5, 0);
    assertThat(poll(5)).isEmpty();
  }

  @Test
  void aResetToAnEarlierOffsetBeginsAnew() {
    poll(9, 7, 8);
    List<PartitionBatch> batches = poll(2, 0, 1);

    assertRange(batches, 0, 2, 2);
    assertRange(poll(4, 3), 2, 4, 1);
  }

  @Test
  void afterAnAssignmentNothingIsTakenForAGap() {
    poll(3, 1, 2);
    assign();
    List<PartitionBatch> batches = poll(9, 7, 8);

    assertRange(batches, 7, 9, 2);
  }

  /** A topic may begin with an aborted transaction, which must not wait for a record. */
  @Test
  void afterAnAssignmentAPollWithoutRecordsTellsHowFarItCame() {
    List<PartitionBatch> batches = poll(5);

    assertRange(batches, 5, 5, 0);
    assertThat(poll(5)).isEmpty();
  }

  private void commit(long offset) {
    batcher.onCommit(Map.of(PARTITION, new OffsetAndMetadata(offset)));
  }

  @Test
  void aPartitionIsSettledWhenEveryBatchOfItIsStored() {
    configure("settled");
    ChannelPositions channel = ChannelPositions.of("settled");

    PartitionBatch one = poll(3, 1, 2).get(0);
    PartitionBatch two = poll(4, 3).get(0);
    commit(4);
    assertThat(channel.assigned()).containsExactly(PARTITION);
    assertThat(channel.settled()).isEmpty();

    one.stored();
    assertThat(channel.settled()).isEmpty();
    two.stored();
    assertThat(channel.settled()).containsExactly(Map.entry(PARTITION, 4L));
  }

  /** The connector drops batches of revoked partitions without telling anyone. */
  @Test
  void anAssignmentForgetsBatchesThatMayNeverBeStored() {
    configure("reassigned");
    PartitionBatch dropped = poll(3, 1, 2).get(0);

    assign();
    commit(3);

    assertThat(ChannelPositions.of("reassigned").settled())
        .containsExactly(Map.entry(PARTITION, 3L));
    PartitionBatch next = poll(5, 4).get(0);
    dropped.stored();
    assertThat(ChannelPositions.of("reassigned").settled()).isEmpty();
    next.stored();
    assertThat(ChannelPositions.of("reassigned").settled()).hasSize(1);
  }

  private static AssignmentObserver observer(String topic) {
    AssignmentObserver observer = new AssignmentObserver();
    observer.configure(Map.of(PartitionBatcher.TOPIC, topic));
    return observer;
  }

  @Test
  void aChannelWithoutPartitionsReadsOnceItHasJoined() {
    configure("standby");
    ChannelPositions channel = ChannelPositions.of("standby");
    AssignmentObserver observer = observer("standby");

    observer.subscriptionUserData(Set.of("standby"));
    batcher.onCommit(Map.of());
    assertThat(channel.isReading(PATIENCE)).isFalse();

    assign(observer, List.of());
    assertThat(channel.isReading(PATIENCE)).isTrue();
    assertThat(channel.assigned()).isEmpty();
  }

  @Test
  void aChannelThatWaitsForTheGroupForTooLongDoesNotRead() {
    configure("waiting");
    ChannelPositions channel = ChannelPositions.of("waiting");
    AssignmentObserver observer = observer("waiting");
    assign(observer, List.of(PARTITION));
    assertThat(channel.isReading(PATIENCE)).isFalse();
    commit(1);
    assertThat(channel.isReading(Duration.ZERO)).isTrue();

    observer.subscriptionUserData(Set.of("waiting"));
    assertThat(channel.isReading(PATIENCE)).isTrue();
    assertThat(channel.isReading(Duration.ZERO)).isFalse();

    assign(observer, List.of(PARTITION));
    assertThat(channel.isReading(Duration.ZERO)).isTrue();
  }

  @Test
  void aBatchTellsSinceWhenTheConsumerHasKnownItsTopics() {
    long[] now = {1};
    PartitionBatcher timed = new PartitionBatcher(() -> 0, () -> now[0]);
    timed.configure(
        Map.of(PartitionBatcher.TOPIC, "t", BoundedDeserializer.MAX_RECORD_BYTES, "300"));

    now[0] = 2;
    timed.onUpdate(new ClusterResource("cluster"));
    now[0] = 3;
    ConsumerRecords<byte[], byte[]> polled =
        new ConsumerRecords<>(
            Map.of(PARTITION, records(PARTITION, 0)), Map.of(PARTITION, new OffsetAndMetadata(1)));
    PartitionBatch batch = (PartitionBatch) timed.onConsume(polled).iterator().next();

    assertThat(batch.metadataAtNanos()).isEqualTo(2);
    assertThat(batch.polledAtNanos()).isEqualTo(3);
  }
}
