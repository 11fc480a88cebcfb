package dev.datapipeline.record;

import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;

/**
 * A record that is larger than the application can handle, without its value. Its key and its
 * headers are left out, too, if they are too large without the value. All bytes remain in the
 * topic.
 */
public final class OversizedRecord extends ConsumerRecord<byte[], byte[]> {
  private final String reason;

  private OversizedRecord(
      ConsumerRecord<byte[], byte[]> record, boolean keepKeyAndHeaders, String reason) {
    super(
        record.topic(),
        record.partition(),
        record.offset(),
        record.timestamp(),
        record.timestampType(),
        record.serializedKeySize(),
        record.serializedValueSize(),
        keepKeyAndHeaders ? record.key() : null,
        null,
        keepKeyAndHeaders ? record.headers() : new RecordHeaders(),
        record.leaderEpoch());
    this.reason = reason;
  }

  /**
   * Replaces the records that are too large.
   *
   * @param records records of which a value or a key may be missing although it has a size
   * @param maxBytes the largest size of a record, by {@link RecordSize}
   * @return a list of the same records, in which the large ones are of this class
   */
  public static List<ConsumerRecord<byte[], byte[]>> replaceIn(
      List<ConsumerRecord<byte[], byte[]>> records, long maxBytes) {
    List<ConsumerRecord<byte[], byte[]>> bounded = new ArrayList<>(records.size());
    for (ConsumerRecord<byte[], byte[]> record : records) {
      bounded.add(replace(record, maxBytes));
    }
    return bounded;
  }

  private static ConsumerRecord<byte[], byte[]> replace(
      ConsumerRecord<byte[], byte[]> record, long maxBytes) {
    long key = Math.max(0, record.serializedKeySize());
    long value = Math.max(0, record.serializedValueSize());
    long headers = RecordSize.of(record.headers(), maxBytes);
    long withoutValue = RecordSize.RECORD_BYTES + key + headers;
    if (withoutValue + value <= maxBytes) {
      return record;
    }
    String reason =
        ("too large: the key has %d bytes, the value %d, and the headers take %s%d, more than"
                + " CONSUMER_MAX_RECORD_BYTES allows (%d); the bytes are in topic %s, partition %d,"
                + " offset %d")
            .formatted(
                key,
                value,
                headers > maxBytes ? "at least " : "",
                headers,
                maxBytes,
                record.topic(),
                record.partition(),
                record.offset());
    return new OversizedRecord(record, withoutValue <= maxBytes, reason);
  }

  /**
   * Returns why the record is not stored, and where its bytes are.
   *
   * @return one line
   */
  public String reason() {
    return reason;
  }
}
