package dev.datapipeline.record;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.Test;

class LogMarkTest {
  private static final int MAX = RecordSize.RECORD_BYTES + 100;

  private static ConsumerRecord<byte[], byte[]> record(
      long offset, long timestamp, String key, String value, Integer leaderEpoch) {
    ConsumerRecord<byte[], byte[]> record =
        new ConsumerRecord<>(
            "t",
            3,
            offset,
            timestamp,
            TimestampType.CREATE_TIME,
            -1,
            value == null ? -1 : value.length(),
            bytes(key),
            bytes(value),
            new RecordHeaders(),
            Optional.ofNullable(leaderEpoch));
    return OversizedRecord.replaceIn(List.of(record), MAX).get(0);
  }

  private static ConsumerRecord<byte[], byte[]> record(
      long offset, long timestamp, String key, String value) {
    return record(offset, timestamp, key, value, 3);
  }

  private static ConsumerRecord<byte[], byte[]> record(String value, Integer leaderEpoch) {
    return record(7, 42, null, value, leaderEpoch);
  }

  private static byte[] bytes(String text) {
    return text == null ? null : text.getBytes(UTF_8);
  }

  @Test
  void aRecordIsRecognizedByOffsetTimestampKeyAndValue() {
    LogMark mark = LogMark.of(record(7, 1, "k", "v"));

    assertThat(mark.matches(record(7, 1, "k", "v"))).isTrue();
    assertThat(mark.matches(record(8, 1, "k", "v"))).isFalse();
    assertThat(mark.matches(record(7, 2, "k", "v"))).isFalse();
    assertThat(mark.matches(record(7, 1, "l", "v"))).isFalse();
    assertThat(mark.matches(record(7, 1, "k", "w"))).isFalse();
  }

  @Test
  void keyAndValueAreToldApart() {
    assertThat(LogMark.of(record(7, 1, "k", "v")).matches(record(7, 1, "kv", ""))).isFalse();
    assertThat(LogMark.of(record(7, 1, "", "v")).matches(record(7, 1, null, "v"))).isFalse();
    assertThat(LogMark.of(record(7, 1, "k", null)).matches(record(7, 1, "k", ""))).isFalse();
  }

  @Test
  void theLeaderOfARecordMakesNoDifference() {
    assertThat(LogMark.of(record("one", 5)).matches(record("one", 6))).isTrue();
  }

  @Test
  void aRecordThatIsTooLargeIsRecognizedByItsLeader() {
    String large = "x".repeat(MAX);
    LogMark mark = LogMark.of(record(large, 5));

    assertThat(mark.matches(record(large, 5))).isTrue();
    assertThat(mark.matches(record(large, 6))).isFalse();
    assertThat(mark.matches(record("one", 6))).isFalse();
    assertThat(LogMark.of(record("one", 5)).matches(record(large, 6))).isFalse();
  }

  @Test
  void aRecordThatIsTooLargeIsTakenForTheSameIfALeaderIsUnknown() {
    LogMark mark = LogMark.of(record("x".repeat(MAX), 5));

    assertThat(mark.withoutLeaderEpoch().matches(record("one", 6))).isTrue();
    assertThat(mark.matches(record("one", null))).isTrue();
  }

  @Test
  void whatIsUnknownMatchesAnyRecordAtItsOffset() {
    assertThat(LogMark.before(8).matches(record(7, 1, "k", "v"))).isTrue();
    assertThat(LogMark.before(8).matches(record(8, 1, "k", "v"))).isFalse();
  }
}
