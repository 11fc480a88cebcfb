package dev.datapipeline.storage.read;

import dev.datapipeline.config.ApiConfig;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.persistence.EntityManager;
import jakarta.persistence.PersistenceContext;
import jakarta.persistence.TypedQuery;
import jakarta.transaction.Transactional;
import java.util.List;
import java.util.Optional;

/** Reads dead letters, and replays them. Thread-safe. */
@ApplicationScoped
public class DeadLetterRepository {
  @PersistenceContext private EntityManager entityManager;
  @Inject private ApiConfig config;

  /**
   * What became of a dead letter that was to be replayed.
   *
   * @param id its number
   * @param replayed whether it is in {@code raw_events} now
   * @param message why not; null if it is
   */
  public record Replay(long id, boolean replayed, String message) {}

  /**
   * Returns dead letters, the newest first.
   *
   * @param replayed whether to return the replayed ones, or those that are not; null for both
   * @param topic of this topic only; null for all
   * @param before with a smaller id only; null for the first page
   * @param limit how many at the most
   * @return possibly none
   */
  public List<DeadLetter> list(Boolean replayed, String topic, Long before, int limit) {
    TypedQuery<DeadLetter> query =
        query(
            "SELECT d FROM DeadLetter d WHERE d.id < :before"
                + (replayed == null
                    ? ""
                    : replayed ? " AND d.replayedAt IS NOT NULL" : " AND d.replayedAt IS NULL")
                + (topic == null
                    ? ""
                    : " AND d.topicPartitionId IN (SELECT p.id FROM TopicPartitionPosition p"
                        + " WHERE p.topic = :topic)")
                + " ORDER BY d.id DESC");
    query.setParameter("before", before == null ? Long.MAX_VALUE : before);
    if (topic != null) {
      query.setParameter("topic", topic);
    }
    return query.setMaxResults(limit).getResultList();
  }

  /**
   * Returns one dead letter.
   *
   * @param id its number
   * @return empty if there is none
   */
  public Optional<DeadLetter> find(long id) {
    return query("SELECT d FROM DeadLetter d WHERE d.id = :id")
        .setParameter("id", id)
        .getResultStream()
        .findFirst();
  }

  private TypedQuery<DeadLetter> query(String jpql) {
    return entityManager
        .createQuery(jpql, DeadLetter.class)
        .setHint("jakarta.persistence.query.timeout", (int) config.queryTimeout().toMillis())
        .setHint("eclipselink.read-only", true);
  }

  /**
   * Returns how many wait: those that were not replayed.
   *
   * @return 0 or more
   */
  public long waiting() {
    return entityManager
        .createQuery("SELECT COUNT(d) FROM DeadLetter d WHERE d.replayedAt IS NULL", Long.class)
        .setHint("jakarta.persistence.query.timeout", (int) config.queryTimeout().toMillis())
        .getSingleResult();
  }

  /**
   * Stores dead letters in {@code raw_events} after all, in one transaction. What PostgreSQL still
   * does not accept stays where it is.
   *
   * @param ids which ones; null for all that wait
   * @param reasonLike a LIKE pattern that the reason has to match; null for any
   * @return what became of each that was tried
   */
  @Transactional
  @SuppressWarnings("unchecked") // a native query's rows
  public List<Replay> replay(List<Long> ids, String reasonLike) {
    List<Object[]> rows =
        entityManager
            .createNativeQuery(
                "SELECT r.id, r.replayed, r.message"
                    + " FROM replay_dead_letters(CAST(?1 AS bigint[]), CAST(?2 AS text)) AS r")
            .setParameter(
                1, ids == null ? null : ids.toString().replace('[', '{').replace(']', '}'))
            .setParameter(2, reasonLike)
            .getResultList();
    return rows.stream()
        .map(row -> new Replay(((Number) row[0]).longValue(), (Boolean) row[1], (String) row[2]))
        .toList();
  }
}
