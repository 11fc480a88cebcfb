package dev.datapipeline.storage.read;

import dev.datapipeline.config.ApiConfig;
import dev.datapipeline.record.Correction;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.persistence.EntityManager;
import jakarta.persistence.PersistenceContext;
import jakarta.persistence.TypedQuery;
import jakarta.transaction.Transactional;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;

/**
 * Reads and replays dead letters, through the connection pool of {@link EventReader}. Thread-safe.
 */
@ApplicationScoped
public class DeadLetterRepository {
  private static final String TIMEOUT_HINT = "jakarta.persistence.query.timeout";

  /** JPQL for the size of a dead letter in bytes. */
  private static final String SIZE =
      "SQL('coalesce(octet_length(?), 0) + coalesce(octet_length(?), 0)"
          + " + coalesce(octet_length(CAST(? AS text)), 0)', d.payload, d.key, d.headers)";

  @PersistenceContext(unitName = "datapipeline-api")
  private EntityManager entityManager;

  @Inject private ApiConfig config;

  /**
   * The outcome of a replay.
   *
   * @param id the dead letter's id
   * @param replayed whether the record is in {@code raw_events} now
   * @param message why it isn't; null if it is
   */
  public record Replay(long id, boolean replayed, String message) {}

  /**
   * Returns dead letters, the newest first.
   *
   * @param replayed true for replayed and corrected ones only, false for waiting ones only, null
   *     for all
   * @param topic only dead letters of this topic; null for all topics
   * @param before only dead letters with a smaller id; null for the first page
   * @param limit the maximum number, 1 or more; large dead letters make a page shorter
   * @return may be empty
   */
  public Page<DeadLetter> list(Boolean replayed, String topic, Long before, int limit) {
    String from =
        " FROM DeadLetter d WHERE d.id < :before"
            + (replayed == null
                ? ""
                : replayed
                    ? " AND (d.replayedAt IS NOT NULL OR d.correctedAt IS NOT NULL)"
                    : " AND d.replayedAt IS NULL AND d.correctedAt IS NULL")
            + (topic == null
                ? ""
                : " AND d.topicPartitionId IN (SELECT p.id FROM TopicPartitionPosition p"
                    + " WHERE p.topic = :topic)")
            + " ORDER BY d.id DESC";
    PageSpace space = new PageSpace(limit);
    List<DeadLetter> page = List.of();
    int rows =
        space.take(
            page(query("SELECT " + SIZE + from, Number.class), topic, before, limit)
                .getResultList());
    if (rows > 0) {
      page = page(query("SELECT d" + from, DeadLetter.class), topic, before, rows).getResultList();
    }
    return new Page<>(page, space.isFull());
  }

  private static <T> TypedQuery<T> page(TypedQuery<T> query, String topic, Long before, int limit) {
    query.setParameter("before", before == null ? Long.MAX_VALUE : before);
    if (topic != null) {
      query.setParameter("topic", topic);
    }
    return query.setMaxResults(limit);
  }

  /**
   * Returns one dead letter.
   *
   * @param id the dead letter's id
   * @return empty if there is none with this id
   */
  public Optional<DeadLetter> find(long id) {
    return query("SELECT d FROM DeadLetter d WHERE d.id = :id", DeadLetter.class)
        .setParameter("id", id)
        .getResultStream()
        .findFirst();
  }

  private <T> TypedQuery<T> query(String jpql, Class<T> type) {
    return entityManager
        .createQuery(jpql, type)
        .setHint(TIMEOUT_HINT, (int) config.queryTimeout().toMillis())
        .setHint("eclipselink.read-only", true);
  }

  /**
   * Returns how many dead letters have been neither replayed nor corrected.
   *
   * @return 0 or more
   */
  public long waiting() {
    return entityManager
        .createQuery(
            "SELECT COUNT(d) FROM DeadLetter d"
                + " WHERE d.replayedAt IS NULL AND d.correctedAt IS NULL",
            Long.class)
        .setHint(TIMEOUT_HINT, (int) config.queryTimeout().toMillis())
        .getSingleResult();
  }

  /**
   * Stores dead letters in {@code raw_events}, in one transaction. Those that PostgreSQL still
   * refuses stay dead letters.
   *
   * @param ids the dead letters to replay; null for all that were not replayed
   * @param reasonLike a LIKE pattern that the reason must match; null for any reason
   * @return the outcome for each dead letter that was tried
   */
  @Transactional
  @SuppressWarnings("unchecked") // a native query's rows
  public List<Replay> replay(List<Long> ids, String reasonLike) {
    List<Object[]> rows =
        entityManager
            .createNativeQuery(
                "SELECT r.id, r.replayed, r.message"
                    + " FROM replay_dead_letters(CAST(?1 AS bigint[]), CAST(?2 AS text)) AS r")
            .setParameter(1, ids == null ? null : arrayLiteral(ids))
            .setParameter(2, reasonLike)
            .setHint(TIMEOUT_HINT, (int) ApiConfig.LONGEST_STATEMENT.toMillis())
            .getResultList();
    return rows.stream()
        .map(row -> new Replay(((Number) row[0]).longValue(), (Boolean) row[1], (String) row[2]))
        .toList();
  }

  /**
   * Notes that a corrected record is about to be sent. From then on the dead letter is not
   * replayed. It is marked as corrected when that record is stored.
   *
   * @param id the dead letter's id
   * @param again whether to allow it if a corrected record was sent before and has not been stored
   * @return what the corrected record must point to; empty if the dead letter was replayed or
   *     corrected, or if a corrected record was sent before
   */
  @Transactional
  @SuppressWarnings("unchecked") // a native query's rows
  public Optional<Correction> beginCorrection(long id, boolean again) {
    List<String> tokens =
        entityManager
            .createNativeQuery(
                "UPDATE dead_letters SET correction = coalesce(correction, gen_random_uuid()),"
                    + " correction_sent_at = clock_timestamp() WHERE id = ?1"
                    + " AND replayed_at IS NULL AND corrected_at IS NULL"
                    + (again ? "" : " AND correction IS NULL")
                    + " RETURNING CAST(correction AS text)")
            .setParameter(1, id)
            .setHint(TIMEOUT_HINT, (int) config.queryTimeout().toMillis())
            .getResultList();
    return tokens.stream().map(token -> new Correction(id, UUID.fromString(token))).findFirst();
  }

  private static String arrayLiteral(List<Long> ids) {
    return ids.stream().map(String::valueOf).collect(Collectors.joining(",", "{", "}"));
  }
}
