package dev.datapipeline.storage.read;

import dev.datapipeline.config.ApiConfig;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.persistence.EntityManager;
import jakarta.persistence.PersistenceContext;
import jakarta.transaction.Transactional;
import java.time.Instant;
import java.util.List;
import java.util.UUID;

/** The record of what operators did: the table {@code operator_actions}. Thread-safe. */
@ApplicationScoped
public class OperatorActions {
  private static final String TIMEOUT_HINT = "jakarta.persistence.query.timeout";

  @PersistenceContext(unitName = "datapipeline-api")
  private EntityManager entityManager;

  @Inject private ApiConfig config;

  /**
   * Something that an operator did.
   *
   * @param id identifies the action, so that it is recorded once, however often that is tried
   * @param at when the request had been answered
   * @param operator the operator's user name
   * @param address the IP address from which the request came
   * @param action the request's method and address
   * @param status the HTTP status of the answer
   */
  public record Action(
      UUID id, Instant at, String operator, String address, String action, int status) {}

  /**
   * Records an action, unless it is already recorded.
   *
   * @param action what was done
   */
  @Transactional
  public void add(Action action) {
    entityManager
        .createNativeQuery(
            "INSERT INTO operator_actions (id, acted_at, operator, address, action, status)"
                + " VALUES (CAST(?1 AS uuid), CAST(?2 AS timestamptz), ?3, ?4, ?5, ?6)"
                + " ON CONFLICT (id) DO NOTHING")
        .setParameter(1, action.id().toString())
        .setParameter(2, action.at().toString())
        .setParameter(3, action.operator())
        .setParameter(4, action.address())
        .setParameter(5, action.action())
        .setParameter(6, action.status())
        .setHint(TIMEOUT_HINT, (int) config.queryTimeout().toMillis())
        .executeUpdate();
  }

  /**
   * Returns the latest actions.
   *
   * @param limit the maximum number, 1 or more
   * @return newest first; may be empty
   */
  @SuppressWarnings("unchecked") // a native query has no type
  public List<Action> latest(int limit) {
    List<Object[]> rows =
        entityManager
            .createNativeQuery(
                "SELECT CAST(id AS text), CAST(extract(epoch FROM acted_at) * 1000 AS bigint),"
                    + " operator, address, action, status"
                    + " FROM operator_actions ORDER BY acted_at DESC, id")
            .setHint(TIMEOUT_HINT, (int) config.queryTimeout().toMillis())
            .setMaxResults(limit)
            .getResultList();
    return rows.stream()
        .map(
            row ->
                new Action(
                    UUID.fromString((String) row[0]),
                    Instant.ofEpochMilli(((Number) row[1]).longValue()),
                    (String) row[2],
                    (String) row[3],
                    (String) row[4],
                    ((Number) row[5]).intValue()))
        .toList();
  }
}
