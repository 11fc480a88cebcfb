package dev.datapipeline.record;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.UUID;
import java.util.stream.LongStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
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
  void offsetsWithoutARecordAreNoticed() {
    assertThat(range(3, 5, 3, 4).hasAbsentOffsets()).isFalse();
    assertThat(range(3, 6, 3, 4).hasAbsentOffsets()).isTrue();
    assertThat(range(3, 4).hasAbsentOffsets()).isTrue();
    assertThat(range(3, 3).hasAbsentOffsets()).isFalse();
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
  void bytesAreThoseOfTheRangeAndItsRecords() {
    ConsumerRecord<byte[], byte[]> tombstone = new ConsumerRecord<>("t", 0, 0, null, null);
    ConsumerRecord<byte[], byte[]> other =
        new ConsumerRecord<>("t", 0, 1, new byte[10], new byte[1000]);
    other.headers().add("name", new byte[100]);

    assertThat(range(0, 2).bytes()).isPositive();
    assertThat(new RecordRange("t", null, 0, 0, 2, List.of(tombstone, other)).bytes())
        .isEqualTo(range(0, 2).bytes() + RecordSize.of(tombstone) + RecordSize.of(other));
  }
}
