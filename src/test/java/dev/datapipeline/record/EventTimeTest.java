package dev.datapipeline.record;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.Test;

class EventTimeTest {
  private static final Instant NOW = Instant.parse("2026-01-15T10:17:16.857Z");

  private static ProducerRecord<String, byte[]> sent(Instant time) {
    return EventTime.record("topic", time, NOW, "key", new byte[] {'1'});
  }

  private static long received(long timestamp, Headers headers) {
    return EventTime.of(
        new ConsumerRecord<>(
            "topic",
            0,
            0,
            timestamp,
            TimestampType.CREATE_TIME,
            0,
            0,
            null,
            null,
            headers,
            Optional.empty()));
  }

  @Test
  void theTimeOfARecentEventIsTheTimestamp() {
    for (int seconds : new int[] {-60, 0, 60}) {
      ProducerRecord<String, byte[]> record = sent(NOW.plusSeconds(seconds));
      assertThat(record.timestamp()).isEqualTo(NOW.plusSeconds(seconds).toEpochMilli());
      assertThat(record.headers()).isEmpty();
    }
  }

  @Test
  void theTimeOfAnyOtherEventIsInTheHeader() {
    for (Instant time :
        new Instant[] {
          NOW.minusSeconds(61),
          NOW.plusSeconds(61),
          Instant.parse("1969-07-20T20:17:40Z"),
          Instant.parse("0000-01-01T00:00:00Z")
        }) {
      ProducerRecord<String, byte[]> record = sent(time);
      assertThat(record.timestamp()).isEqualTo(NOW.toEpochMilli());
      assertThat(received(record.timestamp(), record.headers())).isEqualTo(time.toEpochMilli());
    }
  }

  @Test
  void aTimeWithoutMillisecondsIsTheLargestOrSmallestOne() {
    assertThat(received(1, sent(Instant.MAX).headers())).isEqualTo(Long.MAX_VALUE);
    assertThat(received(1, sent(Instant.MIN).headers())).isEqualTo(Long.MIN_VALUE);
  }

  @Test
  void withoutAWellFormedHeaderTheTimestampCounts() {
    assertThat(received(5, new RecordHeaders())).isEqualTo(5);
    assertThat(received(5, new RecordHeaders().add(EventTime.HEADER, new byte[7]))).isEqualTo(5);
    assertThat(received(5, new RecordHeaders().add(EventTime.HEADER, null))).isEqualTo(5);
    assertThat(received(-1, new RecordHeaders())).isPositive();
  }
}
