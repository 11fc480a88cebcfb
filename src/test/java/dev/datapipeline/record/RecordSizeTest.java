package dev.datapipeline.record;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.junit.jupiter.api.Test;

class RecordSizeTest {

  private static ConsumerRecord<byte[], byte[]> record(byte[] key, byte[] value) {
    return new ConsumerRecord<>("t", 0, 0, key, value);
  }

  @Test
  void keyAndValueCount() {
    long empty = RecordSize.of(record(null, null));

    assertThat(empty).isEqualTo(RecordSize.RECORD_BYTES);
    assertThat(RecordSize.of(record(new byte[10], new byte[1000]))).isEqualTo(empty + 1010);
  }

  @Test
  void headersCountWithNamesAndValues() {
    ConsumerRecord<byte[], byte[]> record = record(null, null);
    record.headers().add("name", new byte[8192]).add("none", null);

    assertThat(RecordSize.of(record))
        .isEqualTo(RecordSize.RECORD_BYTES + 2 * (RecordSize.HEADER_BYTES + 8) + 8192);
  }

  @Test
  void headersBeyondTheLimitAreNotLookedAt() {
    RecordHeaders headers = new RecordHeaders();
    for (int i = 0; i < 5; i++) {
      headers.add("h", new byte[1000]);
    }
    long one = RecordSize.HEADER_BYTES + 2 + 1000;

    assertThat(RecordSize.of(headers, 2 * one)).isEqualTo(3 * one);
    assertThat(RecordSize.of(headers, 5 * one)).isEqualTo(5 * one);
  }

  /** A header that is a slice of the client's buffer keeps the whole buffer. */
  @Test
  void aHeaderThatWasCountedHoldsItsOwnBytes() {
    byte[] buffer = "namevalue".getBytes();
    Header header = new RecordHeader(ByteBuffer.wrap(buffer, 0, 4), ByteBuffer.wrap(buffer, 4, 5));

    RecordSize.of(new RecordHeaders(new Header[] {header}), Long.MAX_VALUE);
    java.util.Arrays.fill(buffer, (byte) 'x');

    assertThat(header.key()).isEqualTo("name");
    assertThat(header.value()).isEqualTo("value".getBytes());
  }
}
