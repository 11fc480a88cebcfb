package dev.datapipeline.record;

import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/**
 * The records of a partition from one offset up to another, and why the other offsets of the range
 * hold none.
 *
 * @param topic the topic's name
 * @param topicId the topic's id; null while it is unknown
 * @param partition the partition's number
 * @param from the first offset of the range
 * @param to the offset after the range
 * @param records in the order of their offsets; may be empty
 * @param absence why offsets of the range hold no record
 */
public record RecordRange(
    String topic,
    UUID topicId,
    int partition,
    long from,
    long to,
    List<ConsumerRecord<byte[], byte[]>> records,
    Absence absence) {

  /** Checks that the records lie within the range. */
  public RecordRange {
    Objects.requireNonNull(topic, "topic");
    Objects.requireNonNull(absence, "absence");
    if (from > to
        || (!records.isEmpty()
            && (records.get(0).offset() < from
                || records.get(records.size() - 1).offset() >= to))) {
      throw new IllegalArgumentException(
          "records of %s-%d outside of [%d, %d)".formatted(topic, partition, from, to));
    }
  }

  /** Creates a range of a topic that isn't compacted. */
  public RecordRange(
      String topic,
      UUID topicId,
      int partition,
      long from,
      long to,
      List<ConsumerRecord<byte[], byte[]>> records) {
    this(topic, topicId, partition, from, to, records, Absence.TRANSACTION);
  }

  /**
   * Returns an empty range of the same partition.
   *
   * @param newFrom the first offset
   * @param newTo the offset after the last one
   * @param reason why the offsets hold no record
   * @return not null
   */
  public RecordRange empty(long newFrom, long newTo, Absence reason) {
    return new RecordRange(topic, topicId, partition, newFrom, newTo, List.of(), reason);
  }

  /**
   * Returns the end of this range.
   *
   * @param newFrom the first offset; not after the first record
   * @return not null
   */
  public RecordRange startingAt(long newFrom) {
    return new RecordRange(topic, topicId, partition, newFrom, to, records, absence);
  }

  /**
   * Returns the partition that the range belongs to.
   *
   * @return not null
   */
  public TopicPartition topicPartition() {
    return new TopicPartition(topic, partition);
  }

  /**
   * Returns the offset of the first record.
   *
   * @return the end of the range if it holds no record
   */
  public long firstRecord() {
    return records.isEmpty() ? to : records.get(0).offset();
  }

  /**
   * Returns whether an offset of the range holds no record.
   *
   * @return false for an empty range
   */
  public boolean hasAbsentOffsets() {
    return records.size() < to - from;
  }

  /**
   * Returns this range with another reason for its absent offsets.
   *
   * @param reason why the offsets hold no record
   * @return not null
   */
  public RecordRange withAbsence(Absence reason) {
    return new RecordRange(topic, topicId, partition, from, to, records, reason);
  }

  /**
   * Returns this range with a topic id.
   *
   * @param id the topic's id
   * @return not null
   */
  public RecordRange withTopicId(UUID id) {
    return id.equals(topicId)
        ? this
        : new RecordRange(topic, id, partition, from, to, records, absence);
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
