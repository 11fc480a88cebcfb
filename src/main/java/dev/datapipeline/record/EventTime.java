package dev.datapipeline.record;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;

/**
 * The time of an event, for records whose own timestamp can't be the event's time. Kafka deletes a
 * record when its timestamp is older than the topic's retention, even if it was sent a moment ago,
 * and refuses one that is far in the future or before 1970.
 */
public final class EventTime {
  /** The header that holds the event's time, as a big-endian long in epoch milliseconds. */
  public static final String HEADER = "datapipeline-time";

  /** An event's time that differs more than this from the time of sending goes to the header. */
  private static final Duration TOLERANCE = Duration.ofMinutes(1);

  private EventTime() {}

  /**
   * Creates a record for an event.
   *
   * @param topic the topic
   * @param time when the event happened
   * @param now when the record is sent
   * @param key the record's key, or null
   * @param value the record's value
   * @return a record with the event's time, either as its timestamp or in the header
   */
  public static ProducerRecord<String, byte[]> record(
      String topic, Instant time, Instant now, String key, byte[] value) {
    boolean recent = Duration.between(time, now).abs().compareTo(TOLERANCE) <= 0;
    ProducerRecord<String, byte[]> record =
        new ProducerRecord<>(topic, null, (recent ? time : now).toEpochMilli(), key, value);
    if (!recent) {
      record
          .headers()
          .add(HEADER, ByteBuffer.allocate(Long.BYTES).putLong(epochMillis(time)).array());
    }
    return record;
  }

  private static long epochMillis(Instant time) {
    try {
      return time.toEpochMilli();
    } catch (ArithmeticException e) {
      return time.getEpochSecond() < 0 ? Long.MIN_VALUE : Long.MAX_VALUE;
    }
  }

  /**
   * Returns the time of a record's event.
   *
   * @param record the record
   * @return in epoch milliseconds; the current time if the record has none
   */
  public static long of(ConsumerRecord<byte[], byte[]> record) {
    Header header = record.headers().lastHeader(HEADER);
    if (header != null && header.value() != null && header.value().length == Long.BYTES) {
      return ByteBuffer.wrap(header.value()).getLong();
    }
    return record.timestamp() < 0 ? System.currentTimeMillis() : record.timestamp();
  }
}
