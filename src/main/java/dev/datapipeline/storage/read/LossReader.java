package dev.datapipeline.storage.read;

import dev.datapipeline.config.ApiConfig;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.persistence.EntityManager;
import jakarta.persistence.PersistenceContext;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.UUID;

/** Reads which offsets hold no record, and why: lost ones, or all of them. Thread-safe. */
@ApplicationScoped
public class LossReader {
  /** The latest by id, which is nearly the order of time, so that no more are sorted. */
  private static final String GAPS =
      "(SELECT topic, topic_id, partition, first_offset, last_offset, reason, noted_at"
          + " FROM lost_offsets UNION ALL"
          + " SELECT p.topic, p.topic_id, p.partition, a.first_offset, a.last_offset, a.reason,"
          + " a.noted_at FROM (SELECT * FROM absent_offsets"
          + " WHERE reason NOT IN ('deleted', 'topic deleted') ORDER BY id DESC LIMIT 1000) a"
          + " JOIN topic_partitions p ON p.id = a.topic_partition_id) AS gaps";

  @PersistenceContext(unitName = "datapipeline-api")
  private EntityManager entityManager;

  @Inject private ApiConfig config;

  /**
   * A range of offsets without a record.
   *
   * @param topic the topic's name
   * @param topicId the topic's id
   * @param partition the partition's number
   * @param firstOffset the first of them
   * @param lastOffset the last of them
   * @param reason {@code deleted} or {@code topic deleted} if they are lost; {@code transaction} or
   *     {@code compaction} if there was nothing to store
   * @param notedAt when they were noticed
   */
  public record Loss(
      String topic,
      UUID topicId,
      int partition,
      long firstOffset,
      long lastOffset,
      String reason,
      OffsetDateTime notedAt) {}

  /**
   * Returns the latest losses.
   *
   * @param gaps whether to return other offsets without a record, too
   * @param limit the maximum number, 1 or more
   * @return newest first; may be empty
   */
  @SuppressWarnings("unchecked") // a native query has no type
  public List<Loss> latest(boolean gaps, int limit) {
    List<Object[]> rows =
        entityManager
            .createNativeQuery(
                "SELECT topic, CAST(topic_id AS text), partition, first_offset, last_offset, reason,"
                    + " CAST(extract(epoch FROM noted_at) * 1000 AS bigint)"
                    + " FROM "
                    + (gaps ? GAPS : "lost_offsets")
                    + " ORDER BY noted_at DESC, first_offset DESC")
            .setHint("jakarta.persistence.query.timeout", (int) config.queryTimeout().toMillis())
            .setMaxResults(limit)
            .getResultList();
    return rows.stream()
        .map(
            row ->
                new Loss(
                    (String) row[0],
                    UUID.fromString((String) row[1]),
                    ((Number) row[2]).intValue(),
                    ((Number) row[3]).longValue(),
                    ((Number) row[4]).longValue(),
                    (String) row[5],
                    Instant.ofEpochMilli(((Number) row[6]).longValue()).atOffset(ZoneOffset.UTC)))
        .toList();
  }
}
