package dev.datapipeline.record;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.LongStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.Test;

class RecordRangeTest {

  private static RecordRange range(long from, long to, long... offsets) {
    return new RecordRange(
        "t", null, 0, from, to, LongStream.of(offsets).mapToObj(RecordRangeTest::record).toList());
  }

  private static ConsumerRecord<byte[], byte[]> record(long offset) {
    return new ConsumerRecord<>("t", 0, offset, new byte[3], new byte[] {'{', '}'});
  }

  @Test
  void recordsMayLeaveGapsButLieWithin() {
    assertThat(range(3, 10, 3, 5, 9).records()).hasSize(3);
    assertThat(range(3, 10).records()).isEmpty();
    assertThat(range(3, 3).records()).isEmpty();
    assertThatThrownBy(() -> range(3, 10, 2)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> range(3, 10, 3, 10)).hasMessageContaining("t-0 outside of [3, 10)");
    assertThatThrownBy(() -> range(4, 3)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void anIdIsGivenWithoutCopyingTwice() {
    UUID id = UUID.randomUUID();
    RecordRange identified = range(0, 1, 0).withTopicId(id);

    assertThat(identified.topicId()).isEqualTo(id);
    assertThat(identified.withTopicId(id)).isSameAs(identified);
    assertThat(identified.withTopicId(UUID.randomUUID()).topicId()).isNotEqualTo(id);
  }

  @Test
  void bytesAreThoseOfKeysAndValues() {
    ConsumerRecord<byte[], byte[]> tombstone =
        new ConsumerRecord<>(
            "t",
            0,
            0,
            0,
            TimestampType.CREATE_TIME,
            ConsumerRecord.NULL_SIZE,
            ConsumerRecord.NULL_SIZE,
            null,
            null,
            new RecordHeaders(),
            Optional.empty());
    ConsumerRecord<byte[], byte[]> other =
        new ConsumerRecord<>(
            "t",
            0,
            1,
            0,
            TimestampType.CREATE_TIME,
            10,
            1000,
            new byte[10],
            new byte[1000],
            new RecordHeaders(),
            Optional.empty());
    long empty = new RecordRange("t", null, 0, 0, 2, List.of(tombstone)).bytes();

    assertThat(empty).isBetween(0L, 200L);
    assertThat(new RecordRange("t", null, 0, 0, 2, List.of(tombstone, other)).bytes())
        .isEqualTo(2 * empty + 1010);
  }
}
