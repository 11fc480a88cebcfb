package dev.datapipeline.record;

import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;

/** How much memory a record takes: its key, its value, its headers, and the objects around them. */
public final class RecordSize {
  /** The objects of a record without headers, also those with which it is queued and written. */
  public static final int RECORD_BYTES = 256;

  /** The objects of one header. */
  public static final int HEADER_BYTES = 128;

  private RecordSize() {}

  /**
   * Returns how much memory a record takes now.
   *
   * @param record its value may have been left out
   * @return in bytes
   */
  public static long of(ConsumerRecord<byte[], byte[]> record) {
    return RECORD_BYTES
        + length(record.key())
        + length(record.value())
        + of(record.headers(), Long.MAX_VALUE);
  }

  private static int length(byte[] bytes) {
    return bytes == null ? 0 : bytes.length;
  }

  /**
   * Returns how much memory a record's headers take. Copies each header out of the buffer of
   * Kafka's client, which the header would otherwise keep: the whole fetch or the whole record.
   *
   * @param headers the headers
   * @param limit stop beyond this size
   * @return in bytes; if it is more than the limit, the rest was not looked at
   */
  public static long of(Headers headers, long limit) {
    long bytes = 0;
    for (Header header : headers.toArray()) {
      if (bytes > limit) {
        break;
      }
      bytes += HEADER_BYTES + 2L * header.key().length() + length(header.value());
    }
    return bytes;
  }
}
