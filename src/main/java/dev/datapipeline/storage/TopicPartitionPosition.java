package dev.datapipeline.storage;

import dev.datapipeline.record.LogMark;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.OffsetDateTime;
import java.util.UUID;

/**
 * How far an incarnation of a partition is stored. Each transaction that stores records of the
 * partition locks the row, so that two instances with the same records can't both store them.
 */
@Entity
@Table(name = "topic_partitions")
public class TopicPartitionPosition {
  @Id
  @GeneratedValue(strategy = GenerationType.IDENTITY)
  private Integer id;

  @Column(insertable = false, updatable = false)
  private String topic;

  @Column(name = "topic_id", insertable = false, updatable = false)
  private UUID topicId;

  @Column(insertable = false, updatable = false)
  private int partition;

  @Column(name = "next_offset")
  private long nextOffset;

  @Column(insertable = false, updatable = false)
  private int incarnation;

  @Column(name = "last_offset")
  private Long lastOffset;

  @Column(name = "last_digest")
  private UUID lastDigest;

  @Column(name = "leader_epoch")
  private Integer leaderEpoch;

  @Column(name = "ended_at", insertable = false, updatable = false)
  private OffsetDateTime endedAt;

  @Column(name = "updated_at")
  private OffsetDateTime updatedAt;

  /** Required by Jakarta Persistence; do not call. */
  protected TopicPartitionPosition() {}

  /**
   * Returns the row's key.
   *
   * @return what {@code topic_partition_id} in other tables refers to
   */
  public Integer getId() {
    return id;
  }

  /**
   * Returns the topic's name.
   *
   * @return not null
   */
  public String getTopic() {
    return topic;
  }

  /**
   * Returns the topic's id, which tells apart topics that had the same name one after the other.
   *
   * @return not null
   */
  public UUID getTopicId() {
    return topicId;
  }

  /**
   * Returns the partition's number.
   *
   * @return 0 or more
   */
  public int getPartition() {
    return partition;
  }

  /**
   * Returns how many times the partition's log has gone back before.
   *
   * @return 0 or more
   */
  public int getIncarnation() {
    return incarnation;
  }

  /**
   * Returns the last record that was stored.
   *
   * @return null if it is unknown
   */
  LogMark getMark() {
    return lastDigest == null ? null : new LogMark(lastOffset, lastDigest, leaderEpoch);
  }

  /**
   * Returns whether the log has gone back, so that another row stands for the partition.
   *
   * @return false for the present incarnation
   */
  boolean hasEnded() {
    return endedAt != null;
  }

  /**
   * Returns the offset of the next record to store. Everything below is stored or dead-lettered.
   *
   * @return 0 or more
   */
  public long getNextOffset() {
    return nextOffset;
  }

  /**
   * Returns when the position last moved.
   *
   * @return not null
   */
  public OffsetDateTime getUpdatedAt() {
    return updatedAt;
  }
}
