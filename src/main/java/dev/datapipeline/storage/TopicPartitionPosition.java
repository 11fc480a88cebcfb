package dev.datapipeline.storage;

import dev.datapipeline.storage.read.RawEvent;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.OffsetDateTime;
import java.util.UUID;

/**
 * How far a partition is stored. The row is locked by each transaction that stores records of the
 * partition, so that two instances which hold the same records cannot both store them.
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

  @Column(name = "updated_at")
  private OffsetDateTime updatedAt;

  /** For the persistence provider. */
  protected TopicPartitionPosition() {}

  /**
   * Returns the row's key.
   *
   * @return what {@link RawEvent#getTopicPartitionId()} refers to
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
   * Returns the topic's id, which tells one topic of a name from the next of the same name.
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
   * Returns the offset of the next record to store; everything below is stored or dead-lettered.
   *
   * @return 0 or more
   */
  public long getNextOffset() {
    return nextOffset;
  }

  /**
   * Returns when the position moved last.
   *
   * @return not null
   */
  public OffsetDateTime getUpdatedAt() {
    return updatedAt;
  }

  /**
   * Moves the position forward.
   *
   * @param offset behind the last record that the transaction stores
   */
  void advanceTo(long offset) {
    nextOffset = offset;
    updatedAt = OffsetDateTime.now();
  }
}
