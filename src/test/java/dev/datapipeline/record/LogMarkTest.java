package dev.datapipeline.record;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.Test;

class LogMarkTest {
  private static ConsumerRecord<byte[], byte[]> record(
      long offset, long timestamp, String key, String value) {
    return new ConsumerRecord<>(
        "t",
        0,
        offset,
        timestamp,
        TimestampType.CREATE_TIME,
        0,
        0,
        bytes(key),
        bytes(value),
        new RecordHeaders(),
        Optional.of(3));
  }

  private static byte[] bytes(String text) {
    return text == null ? null : text.getBytes(StandardCharsets.UTF_8);
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
  void whatIsUnknownMatchesAnyRecordAtItsOffset() {
    assertThat(LogMark.before(8).matches(record(7, 1, "k", "v"))).isTrue();
    assertThat(LogMark.before(8).matches(record(8, 1, "k", "v"))).isFalse();
  }
}
