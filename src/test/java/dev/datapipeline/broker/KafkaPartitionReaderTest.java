package dev.datapipeline.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.datapipeline.broker.TopicLog.Holding;
import dev.datapipeline.record.LogMark;
import dev.datapipeline.record.OversizedRecord;
import dev.datapipeline.record.RecordRange;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.LogTruncationException;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.Test;

class KafkaPartitionReaderTest {
  private static final TopicPartition PARTITION = new TopicPartition("t", 0);

  /** Compares epochs with the log when it is asked for its position, as KIP-320 says. */
  private static final class EpochConsumer extends MockConsumer<byte[], byte[]> {
    private final List<String> sought = new ArrayList<>();
    private OffsetAndMetadata endOfEpoch;
    private boolean compares;

    private EpochConsumer() {
      super("none");
    }

    @Override
    public synchronized void seek(TopicPartition partition, long offset) {
      compares = false;
      super.seek(partition, offset);
    }

    @Override
    public synchronized void seek(TopicPartition partition, OffsetAndMetadata position) {
      compares = true;
      sought.add(position.offset() + " of epoch " + position.leaderEpoch().orElseThrow());
      super.seek(partition, position);
    }

    @Override
    public synchronized long position(TopicPartition partition) {
      if (compares && endOfEpoch != null) {
        throw new LogTruncationException(
            Map.of(partition, super.position(partition)), Map.of(partition, endOfEpoch));
      }
      return super.position(partition);
    }
  }

  private final EpochConsumer consumer = new EpochConsumer();
  private boolean compacted;
  private final KafkaPartitionReader reader =
      new KafkaPartitionReader(consumer, PARTITION, 10_000, () -> compacted);
  private final List<RecordRange> ranges = new ArrayList<>();

  private void topicHolds(long start, long end, long... offsets) {
    consumer.updateBeginningOffsets(Map.of(PARTITION, start));
    consumer.updateEndOffsets(Map.of(PARTITION, end));
    for (long offset : offsets) {
      consumer.addRecord(record(offset, "v" + offset));
    }
  }

  private static ConsumerRecord<byte[], byte[]> record(long offset, String value) {
    return new ConsumerRecord<>(
        "t",
        0,
        offset,
        0,
        TimestampType.CREATE_TIME,
        ConsumerRecord.NULL_SIZE,
        value.length(),
        null,
        value.getBytes(),
        new RecordHeaders(),
        Optional.empty());
  }

  private long read(long from, long to) throws InterruptedException {
    return reader.<RuntimeException>read(from, to, ranges::add);
  }

  @Test
  void theRecordsInBetweenAreHandedOver() throws InterruptedException {
    topicHolds(0, 4, 0, 1, 2, 3);

    assertThat(read(1, 4)).isEqualTo(3);
    assertThat(ranges).singleElement().satisfies(range -> assertThat(range.from()).isEqualTo(1));
    assertThat(ranges.get(0).to()).isEqualTo(4);
  }

  @Test
  void whatTheTopicHasDeletedIsARangeWithoutRecords() throws InterruptedException {
    topicHolds(3, 5, 3, 4);

    assertThat(read(0, 5)).isEqualTo(2);
    assertThat(ranges.get(0).from()).isZero();
    assertThat(ranges.get(0).to()).isEqualTo(3);
    assertThat(ranges.get(0).records()).isEmpty();
    assertThat(ranges.get(1).from()).isEqualTo(3);
  }

  @Test
  void everythingDeletedIsOneRangeWithoutRecords() throws InterruptedException {
    topicHolds(9, 9);

    assertThat(read(0, 5)).isZero();
    assertThat(ranges).singleElement().satisfies(range -> assertThat(range.to()).isEqualTo(5));
  }

  @Test
  void aPartitionThatEndsTooEarlyIsAnError() {
    topicHolds(0, 2, 0, 1);

    assertThatThrownBy(() -> read(0, 5))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("t-0 ends at offset 2, before offset 5");
  }

  private static RecordRange range(long... offsets) {
    List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
    for (long offset : offsets) {
      records.add(record(offset, "v" + offset));
    }
    return new RecordRange("t", null, 0, offsets[0], offsets[offsets.length - 1] + 1, records);
  }

  @Test
  void recordsAreRecognizedByTheirContent() {
    topicHolds(0, 3, 0, 1, 2);

    assertThat(reader.holds(range(0, 1, 2))).isEqualTo(Holding.YES);
  }

  @Test
  void allRecordsOfARangeAreCompared() {
    topicHolds(0, 3, 0, 1);
    consumer.addRecord(record(2, "other"));

    assertThat(reader.holds(range(0, 1, 2))).isEqualTo(Holding.NO);
  }

  /** Compaction may have removed it since it was delivered. */
  @Test
  void aRecordThatTheTopicLacksInBetweenProvesNothing() {
    topicHolds(0, 3, 0, 2);

    assertThat(reader.holds(range(0, 1, 2))).isEqualTo(Holding.UNKNOWN);
  }

  @Test
  void anOffsetBeyondTheEndIsNotHeld() {
    topicHolds(0, 1, 0);

    assertThat(reader.holds(range(7))).isEqualTo(Holding.NO);
  }

  @Test
  void whetherDeletedRecordsWereHeldIsUnknown() {
    topicHolds(2, 4, 2, 3);

    assertThat(reader.holds(range(0, 1))).isEqualTo(Holding.UNKNOWN);
    assertThat(reader.holds(range(1, 2))).isEqualTo(Holding.UNKNOWN);
  }

  private static LogMark mark(long offset, String value) {
    return LogMark.of(record(offset, value));
  }

  @Test
  void aLogWithTheLastStoredRecordHasNotGoneBack() {
    topicHolds(0, 4, 0, 1, 2, 3);

    assertThat(reader.divergence(mark(1, "v1"), 2)).isEmpty();
  }

  @Test
  void aLogWithAnotherRecordHasGoneBack() {
    topicHolds(0, 4, 0, 1, 2, 3);

    assertThat(reader.divergence(mark(1, "other"), 2)).hasValue(0);
  }

  @Test
  void aLogThatEndsBeforeTheLastStoredRecordHasGoneBack() {
    topicHolds(0, 1, 0);

    assertThat(reader.divergence(mark(1, "v1"), 2)).hasValue(0);
  }

  @Test
  void aLogThatHasLostOnlyOffsetsWithoutARecordHasGoneBackToItsEnd() {
    topicHolds(0, 2, 0, 1);

    assertThat(reader.divergence(mark(1, "v1"), 4)).hasValue(2);
  }

  @Test
  void aLogWithARecordWhereNoneWasHasGoneBack() {
    topicHolds(0, 4, 0, 1, 2, 3);

    assertThat(reader.divergence(mark(1, "v1"), 3)).hasValue(2);
  }

  @Test
  void aLogWhoseStoredRecordsWereDeletedHasNotGoneBack() {
    topicHolds(3, 4, 3);

    assertThat(reader.divergence(mark(1, "v1"), 2)).isEmpty();
  }

  @Test
  void aRecordThatCompactionRemovedIsNoEvidence() {
    compacted = true;
    topicHolds(0, 4, 0, 3);

    assertThat(reader.divergence(mark(1, "v1"), 2)).isEmpty();
  }

  /** A marker or an aborted record of a log that was restored from a copy took its place. */
  @Test
  void aLogWithoutTheLastStoredRecordHasGoneBack() {
    topicHolds(0, 4, 0, 3);

    assertThat(reader.divergence(mark(1, "v1"), 2)).hasValue(0);
  }

  @Test
  void anOffsetThatNeverHeldARecordIsNoEvidence() {
    topicHolds(0, 4, 0, 3);

    assertThat(reader.divergence(LogMark.before(2), 2)).isEmpty();
  }

  @Test
  void aLogWhoseStoredRecordsWereAllDeletedHasNotGoneBack() {
    topicHolds(2, 2);

    assertThat(reader.divergence(mark(1, "v1"), 2)).isEmpty();
  }

  private static LogMark mark(long offset, String value, int epoch) {
    return new LogMark(offset, mark(offset, value).digest(), epoch);
  }

  private void epochEndsAt(long offset, int epoch) {
    consumer.endOfEpoch = new OffsetAndMetadata(offset, Optional.of(epoch), "");
  }

  @Test
  void aLogThatLostRecordsOfALeaderHasGoneBackToWhereItsRecordsEnd() {
    topicHolds(0, 6, 0, 1, 2, 3, 4, 5);
    epochEndsAt(2, 4);

    assertThat(reader.divergence(mark(3, "other", 4), 4)).hasValue(2);
    assertThat(consumer.sought).containsExactly("0 of epoch 4", "4 of epoch 4");
  }

  @Test
  void aLogThatLostAllRecordsOfALeaderHasGoneBackToItsStart() {
    topicHolds(1, 6, 1, 2, 3, 4, 5);
    epochEndsAt(2, 3);

    assertThat(reader.divergence(mark(3, "other", 4), 4)).hasValue(1);
  }

  @Test
  void aLogThatLostTheLastStoredRecordAndDeletedItHasGoneBack() {
    topicHolds(2, 4, 2, 3);
    epochEndsAt(1, 4);

    assertThat(reader.divergence(mark(1, "v1", 4), 2)).hasValue(2);
  }

  /** Its epochs were deleted, too, so they tell nothing. */
  @Test
  void aLogThatBeginsAfterTheLastStoredRecordHasNotGoneBack() {
    topicHolds(3, 5, 3, 4);
    epochEndsAt(1, 4);

    assertThat(reader.divergence(mark(1, "v1", 4), 2)).isEmpty();
  }

  @Test
  void theFirstLeaderIsComparedToo() {
    compacted = true;
    topicHolds(0, 4, 0, 3);

    assertThat(reader.divergence(mark(1, "v1", 0), 2)).isEmpty();
    assertThat(consumer.sought).containsExactly("0 of epoch 0", "2 of epoch 0");
  }

  @Test
  void anUnknownLeaderIsNotCompared() {
    compacted = true;
    topicHolds(0, 4, 0, 3);

    assertThat(reader.divergence(mark(1, "v1", -1), 2)).isEmpty();
    assertThat(consumer.sought).isEmpty();
  }

  @Test
  void theConsumerIsClosedWithItsReader() {
    reader.close();

    assertThat(consumer.closed()).isTrue();
  }

  @Test
  void theLastRecordBeforeAnOffsetIsFound() {
    topicHolds(0, 9, 0, 3, 7);

    assertThat(reader.lastRecordBefore(7)).get().returns(3L, ConsumerRecord::offset);
    assertThat(reader.lastRecordBefore(0)).isEmpty();
  }

  @Test
  void aRecordThatIsTooLargeIsReadWithoutItsValue() throws InterruptedException {
    topicHolds(0, 2);
    consumer.addRecord(record(0, "v".repeat(10_000)));
    consumer.addRecord(record(1, "v1"));

    assertThat(read(0, 2)).isEqualTo(2);
    assertThat(ranges.get(0).records().get(0)).isInstanceOf(OversizedRecord.class);
    assertThat(ranges.get(0).records().get(1).value()).isNotNull();
  }

  @Test
  void aRecordThatIsTooLargeIsRecognizedByItsSize() {
    topicHolds(0, 1);
    consumer.addRecord(record(0, "v".repeat(10_000)));

    assertThat(reader.holds(tooLarge("v".repeat(10_000)))).isEqualTo(Holding.YES);
  }

  @Test
  void anotherRecordThatIsTooLargeIsRecognizedByItsSize() {
    topicHolds(0, 1);
    consumer.addRecord(record(0, "v".repeat(10_000)));

    assertThat(reader.holds(tooLarge("v".repeat(10_001)))).isEqualTo(Holding.NO);
  }

  @Test
  void aRecordThatIsTooLargeToBeComparedIsNoEvidence() {
    topicHolds(0, 1);
    consumer.addRecord(record(0, "v".repeat(10_000)));

    assertThat(reader.divergence(mark(0, "v0"), 1)).isEmpty();
    assertThat(LogMark.of(tooLarge("v".repeat(10_000)).records().get(0)).matches(record(0, "v0")))
        .isTrue();
  }

  private static RecordRange tooLarge(String value) {
    return new RecordRange(
        "t", null, 0, 0, 1, OversizedRecord.replaceIn(List.of(record(0, value)), 10_000));
  }

  @Test
  void aBrokerThatDoesNotAnswerIsAnOutage() {
    topicHolds(0, 4);
    consumer.setPollException(new TimeoutException("no answer"));

    assertThatThrownBy(() -> read(0, 4)).isInstanceOf(BrokerUnavailableException.class);
  }
}
