package dev.datapipeline.record;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.Test;

class OversizedRecordTest {
  private static final int MAX = RecordSize.RECORD_BYTES + 1000;

  private static ConsumerRecord<byte[], byte[]> record(
      int keySize, byte[] key, int valueSize, byte[] value) {
    return new ConsumerRecord<>(
        "t",
        3,
        7,
        42,
        TimestampType.CREATE_TIME,
        keySize,
        valueSize,
        key,
        value,
        new RecordHeaders(),
        Optional.empty());
  }

  private static ConsumerRecord<byte[], byte[]> replaced(ConsumerRecord<byte[], byte[]> record) {
    return OversizedRecord.replaceIn(List.of(record), MAX).get(0);
  }

  @Test
  void aRecordOfTheLargestSizeStays() {
    ConsumerRecord<byte[], byte[]> record = record(400, new byte[400], 600, new byte[600]);

    assertThat(replaced(record)).isSameAs(record);
  }

  @Test
  void aRecordOneByteLargerIsWithoutItsValue() {
    ConsumerRecord<byte[], byte[]> record = record(400, new byte[400], 601, null);
    record.headers();

    ConsumerRecord<byte[], byte[]> replaced = replaced(record);

    assertThat(replaced).isInstanceOf(OversizedRecord.class);
    assertThat(replaced.key()).isSameAs(record.key());
    assertThat(replaced.value()).isNull();
    assertThat(replaced.offset()).isEqualTo(7);
    assertThat(replaced.timestamp()).isEqualTo(42);
    assertThat(((OversizedRecord) replaced).reason())
        .isEqualTo(
            "too large: the key has 400 bytes, the value 601, and the headers take 0, more than"
                + " CONSUMER_MAX_RECORD_BYTES allows (1256); the bytes are in topic t, partition 3,"
                + " offset 7");
  }

  @Test
  void smallHeadersAreKept() {
    ConsumerRecord<byte[], byte[]> record = record(-1, null, 5000, null);
    record.headers().add("h", new byte[10]);

    assertThat(replaced(record).headers()).isEqualTo(record.headers());
  }

  @Test
  void aKeyAndHeadersThatAreTooLargeThemselvesAreLeftOut() {
    ConsumerRecord<byte[], byte[]> record = record(10, new byte[10], -1, null);
    record.headers().add("h", new byte[2000]);

    ConsumerRecord<byte[], byte[]> replaced = replaced(record);

    assertThat(replaced.key()).isNull();
    assertThat(replaced.headers()).isEmpty();
    assertThat(((OversizedRecord) replaced).reason()).contains("headers take at least 2130");
    assertThat(RecordSize.of(replaced)).isEqualTo(RecordSize.RECORD_BYTES);
  }

  @Test
  void aTombstoneStays() {
    ConsumerRecord<byte[], byte[]> tombstone = record(-1, null, -1, null);

    assertThat(replaced(tombstone)).isSameAs(tombstone);
  }
}
