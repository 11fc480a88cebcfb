package dev.datapipeline.storage;

import dev.datapipeline.record.LogMark;
import dev.datapipeline.record.RecordRange;
import java.util.UUID;

/**
 * How far an incarnation of a partition is stored: a row of {@code topic_partitions}.
 *
 * @param id the row's id
 * @param topicId the topic's id
 * @param partition the partition's number
 * @param nextOffset the offset of the next record to store
 * @param mark the last record that was stored; null if it is unknown
 * @param ended whether the log has gone back since, so that another row stands for the partition
 */
public record PartitionPosition(
    int id, UUID topicId, int partition, long nextOffset, LogMark mark, boolean ended) {

  /**
   * Returns whether this is a position of a range's partition.
   *
   * @param range with a topic id
   */
  public boolean isOf(RecordRange range) {
    return topicId.equals(range.topicId()) && partition == range.partition();
  }
}
