package dev.datapipeline.record;

import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * What a partition holds between two offsets: these records and no others. Offsets without a record
 * are transaction markers, aborted records, or records that compaction removed.
 *
 * @param topic the topic's name
 * @param topicId the topic's id; null while it is not known yet
 * @param partition the partition's number
 * @param from the first offset of the range
 * @param to the offset behind the range
 * @param records in the order of their offsets, possibly none
 */
public record RecordRange(
    String topic,
    UUID topicId,
    int partition,
    long from,
    long to,
    List<ConsumerRecord<byte[], byte[]>> records) {

  /** Checks that the records lie within the range. */
  public RecordRange {
    Objects.requireNonNull(topic, "topic");
    if (from > to
        || (!records.isEmpty()
            && (records.get(0).offset() < from
                || records.get(records.size() - 1).offset() >= to))) {
      throw new IllegalArgumentException(
          "records of %s-%d outside of [%d, %d)".formatted(topic, partition, from, to));
    }
  }

  /**
   * Returns the same range as one of the topic with this id.
   *
   * @param id the topic's id
   * @return a range with that id
   */
  public RecordRange of(UUID id) {
    return id.equals(topicId) ? this : new RecordRange(topic, id, partition, from, to, records);
  }

  /**
   * Returns how much memory the range's keys and values take.
   *
   * @return bytes, with a little for each record itself
   */
  public long bytes() {
    long bytes = 0;
    for (ConsumerRecord<byte[], byte[]> record : records) {
      bytes +=
          64 + Math.max(0, record.serializedKeySize()) + Math.max(0, record.serializedValueSize());
    }
    return bytes;
  }
}
