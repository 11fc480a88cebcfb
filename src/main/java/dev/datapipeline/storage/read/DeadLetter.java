package dev.datapipeline.storage.read;

import dev.datapipeline.storage.BatchWriter;
import dev.datapipeline.storage.TimestampConverter;
import dev.datapipeline.storage.TopicPartitionPosition;
import jakarta.persistence.Column;
import jakarta.persistence.Convert;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.OffsetDateTime;

/** A row of {@code dead_letters}. Read-only: {@link BatchWriter} writes the rows. */
@Entity
@Table(name = "dead_letters")
public class DeadLetter {
  @Id private Long id;

  @Column(name = "received_at", insertable = false, updatable = false)
  private OffsetDateTime receivedAt;

  @Convert(converter = TimestampConverter.class)
  @Column(name = "timestamp", insertable = false, updatable = false)
  private OffsetDateTime timestamp;

  @Column(name = "topic_partition_id", insertable = false, updatable = false)
  private int topicPartitionId;

  @Column(name = "kafka_offset", insertable = false, updatable = false)
  private long kafkaOffset;

  @Column(name = "key", insertable = false, updatable = false)
  private byte[] key;

  @Column(insertable = false, updatable = false)
  private byte[] payload;

  @Column(insertable = false, updatable = false, columnDefinition = "json")
  private String headers;

  @Column(insertable = false, updatable = false)
  private String reason;

  @Column(name = "sqlstate", insertable = false, updatable = false)
  private String sqlState;

  @Column(name = "replayed_at", insertable = false, updatable = false)
  private OffsetDateTime replayedAt;

  @Column(name = "correction_sent_at", insertable = false, updatable = false)
  private OffsetDateTime correctionSentAt;

  @Column(name = "corrected_at", insertable = false, updatable = false)
  private OffsetDateTime correctedAt;

  @Column(name = "corrected_by_partition", insertable = false, updatable = false)
  private Integer correctedByPartition;

  @Column(name = "corrected_by_offset", insertable = false, updatable = false)
  private Long correctedByOffset;

  /** Required by Jakarta Persistence; do not call. */
  protected DeadLetter() {}

  /**
   * Returns the row's id.
   *
   * @return ascending in the order of storing, with gaps
   */
  public Long getId() {
    return id;
  }

  /**
   * Returns when the record was dead-lettered.
   *
   * @return not null
   */
  public OffsetDateTime getReceivedAt() {
    return receivedAt;
  }

  /**
   * Returns the Kafka record's timestamp.
   *
   * @return not null
   */
  public OffsetDateTime getTimestamp() {
    return timestamp;
  }

  /**
   * Returns the partition that the record came from.
   *
   * @return id of a {@link TopicPartitionPosition}
   */
  public int getTopicPartitionId() {
    return topicPartitionId;
  }

  /**
   * Returns the record's offset in its partition.
   *
   * @return 0 or more
   */
  public long getKafkaOffset() {
    return kafkaOffset;
  }

  /**
   * Returns the record's key.
   *
   * @return the array itself, not a copy; null if there is none
   */
  public byte[] getKey() {
    return key;
  }

  /**
   * Returns the record's value.
   *
   * @return the array itself, not a copy; null if there is none
   */
  public byte[] getPayload() {
    return payload;
  }

  /**
   * Returns the record's headers.
   *
   * @return JSON; null if there are none
   */
  public String getHeaders() {
    return headers;
  }

  /**
   * Returns why PostgreSQL refused the record.
   *
   * @return one line
   */
  public String getReason() {
    return reason;
  }

  /**
   * Returns the SQLSTATE of the reason.
   *
   * @return null if there is none
   */
  public String getSqlState() {
    return sqlState;
  }

  /**
   * Returns when a replay stored the record in {@code raw_events}.
   *
   * @return null if it was not replayed
   */
  public OffsetDateTime getReplayedAt() {
    return replayedAt;
  }

  /**
   * Returns when a corrected record was sent last.
   *
   * @return null if none was sent
   */
  public OffsetDateTime getCorrectionSentAt() {
    return correctionSentAt;
  }

  /**
   * Returns when the corrected record was stored.
   *
   * @return null if none was stored
   */
  public OffsetDateTime getCorrectedAt() {
    return correctedAt;
  }

  /**
   * Returns the partition of the corrected record.
   *
   * @return id of a {@link TopicPartitionPosition}; null if none was stored
   */
  public Integer getCorrectedByPartition() {
    return correctedByPartition;
  }

  /**
   * Returns the offset of the corrected record.
   *
   * @return null if none was stored
   */
  public Long getCorrectedByOffset() {
    return correctedByOffset;
  }
}
