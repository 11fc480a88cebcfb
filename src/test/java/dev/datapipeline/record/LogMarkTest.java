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

  private static ConsumerRecord<byte[], byte[]> record(String value, Integer leaderEpoch) {
    ConsumerRecord<byte[], byte[]> record =
        new ConsumerRecord<>(
            "t",
            3,
            7,
            42,
            TimestampType.CREATE_TIME,
            -1,
            value.length(),
            null,
            value.getBytes(UTF_8),
            new RecordHeaders(),
            Optional.ofNullable(leaderEpoch));
    return OversizedRecord.replaceIn(List.of(record), MAX).get(0);
  }

  @Test
  void aRecordIsRecognisedByItsContent() {
    LogMark mark = LogMark.of(record("one", 5));

    assertThat(mark.matches(record("one", 6))).isTrue();
    assertThat(mark.matches(record("other", 5))).isFalse();
  }

  @Test
  void aRecordThatIsTooLargeIsRecognisedByItsLeader() {
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
}
