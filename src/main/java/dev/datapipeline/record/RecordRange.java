package dev.datapipeline.record;

import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * The records of a partition from one offset up to another. Offsets without a record hold
 * transaction markers, aborted records, or records that compaction or retention has removed.
 *
 * @param topic the topic's name
 * @param topicId the topic's id; null while it is unknown
 * @param partition the partition's number
 * @param from the first offset of the range
 * @param to the offset after the range
 * @param records in the order of their offsets; may be empty
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
   * Returns this range with a topic id.
   *
   * @param id the topic's id
   * @return not null
   */
  public RecordRange withTopicId(UUID id) {
    return id.equals(topicId) ? this : new RecordRange(topic, id, partition, from, to, records);
  }

  /**
   * Returns how much memory the range takes.
   *
   * @return in bytes, by {@link RecordSize}
   */
  public long bytes() {
    // a range without records takes some memory, too
    long bytes = RecordSize.RECORD_BYTES;
    for (ConsumerRecord<byte[], byte[]> record : records) {
      bytes += RecordSize.of(record);
    }
    return bytes;
  }
}
