package dev.datapipeline.storage.read;

import dev.datapipeline.storage.BatchWriter;
import dev.datapipeline.storage.TimestampConverter;
import dev.datapipeline.storage.TopicPartitionPosition;
import jakarta.persistence.Column;
import jakarta.persistence.Convert;
import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.OffsetDateTime;

/**
 * A row of {@code raw_events}. Read-only: {@link BatchWriter} writes the rows with COPY, which is
 * many times faster than an INSERT for each entity.
 */
@Entity
@Table(name = "raw_events")
public class RawEvent {
  @Id
  @GeneratedValue(strategy = GenerationType.IDENTITY)
  private Long id;

  @Convert(converter = TimestampConverter.class)
  @Column(name = "timestamp", nullable = false, insertable = false, updatable = false)
  private OffsetDateTime timestamp;

  @Column(nullable = false, insertable = false, updatable = false, columnDefinition = "json")
  private String payload;

  @Column(name = "topic_partition_id", nullable = false, insertable = false, updatable = false)
  private int topicPartitionId;

  @Column(name = "kafka_offset", nullable = false, insertable = false, updatable = false)
  private long kafkaOffset;

  /** Required by Jakarta Persistence; do not call. */
  protected RawEvent() {}

  /**
   * Returns the row's id.
   *
   * @return ascending in the order of storing, with gaps
   */
  public Long getId() {
    return id;
  }

  /**
   * Returns when the event happened.
   *
   * @return the Kafka record's timestamp
   */
  public OffsetDateTime getTimestamp() {
    return timestamp;
  }

  /**
   * Returns the event as it was sent.
   *
   * @return JSON, character for character
   */
  public String getPayload() {
    return payload;
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
}
