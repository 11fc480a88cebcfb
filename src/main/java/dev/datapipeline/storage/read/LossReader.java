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

/** Reads which offsets were deleted before they were stored. Thread-safe. */
@ApplicationScoped
public class LossReader {
  @PersistenceContext(unitName = "datapipeline-api")
  private EntityManager entityManager;

  @Inject private ApiConfig config;

  /**
   * A range of lost offsets.
   *
   * @param topic the topic's name
   * @param topicId the topic's id
   * @param partition the partition's number
   * @param firstOffset the first lost offset
   * @param lastOffset the last lost offset
   * @param reason {@code deleted} or {@code topic deleted}
   * @param notedAt when the loss was noticed
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
   * @param limit the maximum number, 1 or more
   * @return newest first; may be empty
   */
  @SuppressWarnings("unchecked") // a native query has no type
  public List<Loss> latest(int limit) {
    List<Object[]> rows =
        entityManager
            .createNativeQuery(
                "SELECT topic, CAST(topic_id AS text), partition, first_offset, last_offset, reason,"
                    + " CAST(extract(epoch FROM noted_at) * 1000 AS bigint)"
                    + " FROM lost_offsets ORDER BY noted_at DESC, first_offset DESC")
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
