package dev.datapipeline.storage.read;

import dev.datapipeline.config.ApiConfig;
import dev.datapipeline.storage.TopicPartitionPosition;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.persistence.EntityManager;
import jakarta.persistence.PersistenceContext;
import jakarta.persistence.Query;
import jakarta.persistence.TypedQuery;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Reads stored events, through a connection pool that the writers do not use. Statements are
 * limited to {@code API_QUERY_TIMEOUT}, except those of {@link #export}. Thread-safe.
 */
@ApplicationScoped
public class EventReader {
  private static final String TIMEOUT_HINT = "jakarta.persistence.query.timeout";
  private static final int EXPORT_PAGE = 2000;

  /** JPQL for the size of an event in bytes. */
  private static final String SIZE = "SQL('octet_length(CAST(? AS text))', e.payload)";

  private static final Duration FIRST_SLICE = Duration.ofSeconds(1);
  private static final int SLICE_GROWTH = 8;
  private static final Duration LONGEST_SLICE = Duration.ofDays(36_525);

  @PersistenceContext(unitName = "datapipeline-api")
  private EntityManager entityManager;

  @Inject private ApiConfig config;

  /**
   * The end of a page.
   *
   * @param timestamp the timestamp of its last event
   * @param id the id of its last event
   */
  public record Position(OffsetDateTime timestamp, long id) {}

  /**
   * Returns one event.
   *
   * @param id the event's id
   * @return empty if there is none with this id
   */
  public Optional<RawEvent> find(long id) {
    return query("SELECT e FROM RawEvent e WHERE e.id = :id", RawEvent.class, config.queryTimeout())
        .setParameter("id", id)
        .getResultStream()
        .findFirst();
  }

  /**
   * Returns when an event was stored, if the database records that ({@code
   * track_commit_timestamp}).
   *
   * @param id the event's id
   * @return the time of the commit; empty if it isn't recorded, or no longer
   */
  @SuppressWarnings("unchecked") // a native query has no type
  public Optional<OffsetDateTime> committedAt(long id) {
    List<Number> micros =
        entityManager
            .createNativeQuery(
                "SELECT CAST(extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1000000 AS bigint)"
                    + " FROM raw_events WHERE id = ?1"
                    + " AND current_setting('track_commit_timestamp') = 'on'")
            .setParameter(1, id)
            .setHint(TIMEOUT_HINT, (int) config.queryTimeout().toMillis())
            .getResultList();
    return micros.stream()
        .filter(Objects::nonNull)
        .findFirst()
        .map(
            time ->
                Instant.EPOCH.plus(time.longValue(), ChronoUnit.MICROS).atOffset(ZoneOffset.UTC));
  }

  /**
   * Returns the latest events, in descending order of timestamp and id.
   *
   * <p>The index knows which blocks of the table hold a time range, but not the order of the rows.
   * So the range is read in slices from its end, each longer than the last one, until the page is
   * full. Few more rows are read and sorted than are returned.
   *
   * @param filter selects the events
   * @param after the end of the previous page; null for the first page
   * @param limit the maximum number, 1 or more; large events make a page shorter
   * @return may be empty
   */
  public Page<RawEvent> latest(EventFilter filter, Position after, int limit) {
    List<RawEvent> page = new ArrayList<>();
    PageSpace space = new PageSpace(limit);
    // the next page continues with events of the same timestamp
    OffsetDateTime end = after == null ? filter.to() : endAfter(after.timestamp());
    OffsetDateTime base = earlier(after == null ? filter.to() : after.timestamp(), newest());
    Duration length = FIRST_SLICE;
    boolean last = false;
    while (!last && !space.isFull()) {
      OffsetDateTime begin = beginOfSlice(base, length);
      if (begin == null || (filter.from() != null && !filter.from().isBefore(begin))) {
        begin = filter.from();
        last = true;
      }
      page.addAll(slice(filter.between(begin, end), after, space));
      end = begin;
      base = begin;
      length = length.multipliedBy(SLICE_GROWTH);
    }
    return new Page<>(page, space.isFull());
  }

  /**
   * Returns the end of a page that continues with events of the same timestamp; null if there is no
   * time after that one.
   */
  private static OffsetDateTime endAfter(OffsetDateTime time) {
    boolean last = Timestamps.isInfinite(time) || !time.isBefore(Timestamps.LATEST);
    return last ? null : time.plus(1, ChronoUnit.MICROS);
  }

  /** Returns where a slice begins; null if everything before its end belongs to it. */
  private static OffsetDateTime beginOfSlice(OffsetDateTime end, Duration length) {
    if (length.compareTo(LONGEST_SLICE) > 0 || Timestamps.isInfinite(end)) {
      return null;
    }
    OffsetDateTime begin = end.minus(length);
    return Timestamps.isPossible(begin) ? begin : null;
  }

  private static OffsetDateTime earlier(OffsetDateTime one, OffsetDateTime other) {
    return one == null || other.isBefore(one) ? other : one;
  }

  /** Returns a timestamp to start from. The newest row need not have the latest timestamp. */
  private OffsetDateTime newest() {
    return query(
            "SELECT e.timestamp FROM RawEvent e WHERE e.id = (SELECT MAX(m.id) FROM RawEvent m)",
            OffsetDateTime.class,
            config.queryTimeout())
        .getResultStream()
        .findFirst()
        .filter(time -> !Timestamps.isInfinite(time))
        .orElseGet(OffsetDateTime::now);
  }

  private List<RawEvent> slice(EventFilter filter, Position after, PageSpace space) {
    String[] conditions =
        after == null
            ? new String[0]
            : new String[] {
              "(e.timestamp < :lastTime OR (e.timestamp = :lastTime AND e.id < :lastId))"
            };
    String from =
        " FROM RawEvent e" + filter.where(conditions) + " ORDER BY e.timestamp DESC, e.id DESC";
    return fitting(
        from,
        config.queryTimeout(),
        space.rows(),
        space,
        query -> {
          filter.bind(query);
          if (after != null) {
            query.setParameter("lastTime", after.timestamp()).setParameter("lastId", after.id());
          }
        });
  }

  /**
   * Returns as many events as fit into a page. Their sizes are queried first, so that no more than
   * a page is ever in memory, whatever the size of the events.
   */
  private List<RawEvent> fitting(
      String from, Duration timeout, int limit, PageSpace space, Consumer<Query> parameters) {
    TypedQuery<Number> sizes = query("SELECT " + SIZE + from, Number.class, timeout);
    parameters.accept(sizes);
    int rows = space.take(sizes.setMaxResults(limit).getResultList());
    if (rows == 0) {
      return List.of();
    }
    TypedQuery<RawEvent> events = query("SELECT e" + from, RawEvent.class, timeout);
    parameters.accept(events);
    return events.setMaxResults(rows).getResultList();
  }

  /** Receives the pages of an export. */
  @FunctionalInterface
  public interface PageHandler {
    /**
     * Handles one page.
     *
     * @param page one or more events
     * @throws IOException if the page can't be written; ends the export
     */
    void handle(List<RawEvent> page) throws IOException;
  }

  /**
   * Reads all events that are stored now, in the order of storing and in pages, so that neither
   * memory nor a transaction grows with their number.
   *
   * @param filter selects the events
   * @param handler receives one page after the other
   * @throws IOException if the handler throws it
   */
  public void export(EventFilter filter, PageHandler handler) throws IOException {
    // "+ 0" keeps PostgreSQL from searching the first match along the primary key
    Object[] bounds =
        filter
            .bind(
                query(
                    "SELECT MIN(e.id + 0), MAX(e.id + 0) FROM RawEvent e" + filter.where(),
                    Object[].class,
                    ApiConfig.LONGEST_STATEMENT))
            .getSingleResult();
    if (bounds[0] == null) {
      return;
    }
    long next = ((Number) bounds[0]).longValue();
    long end = ((Number) bounds[1]).longValue();
    while (next <= end) {
      long begin = next;
      List<RawEvent> page =
          fitting(
              " FROM RawEvent e" + filter.where("e.id >= :next", "e.id <= :end") + " ORDER BY e.id",
              ApiConfig.LONGEST_STATEMENT,
              EXPORT_PAGE,
              new PageSpace(EXPORT_PAGE),
              query -> filter.bind(query).setParameter("next", begin).setParameter("end", end));
      if (page.isEmpty()) {
        return;
      }
      handler.handle(page);
      next = page.get(page.size() - 1).getId() + 1;
    }
  }

  /**
   * Returns the positions of all partitions.
   *
   * @return by the id that events and dead letters refer to
   */
  public Map<Integer, TopicPartitionPosition> positions() {
    return query(
            "SELECT p FROM TopicPartitionPosition p",
            TopicPartitionPosition.class,
            config.queryTimeout())
        .getResultStream()
        .collect(Collectors.toMap(TopicPartitionPosition::getId, Function.identity()));
  }

  /**
   * Returns how many events are stored. Up to 100,000 are counted; beyond that, the number is
   * PostgreSQL's own estimate.
   *
   * @return not null
   */
  public Total total() {
    long counted = countUpTo(Total.MAX_COUNTED + 1);
    if (counted <= Total.MAX_COUNTED) {
      return new Total(counted, false);
    }
    Number estimate =
        (Number)
            entityManager
                .createNativeQuery(
                    "SELECT CAST(reltuples AS bigint) FROM pg_class WHERE oid = CAST('raw_events' AS regclass)")
                .setHint(TIMEOUT_HINT, (int) config.queryTimeout().toMillis())
                .getSingleResult();
    return new Total(Math.max(counted, estimate.longValue()), true);
  }

  private long countUpTo(int max) {
    Number count =
        (Number)
            entityManager
                .createNativeQuery(
                    "SELECT count(*) FROM (SELECT 1 FROM raw_events LIMIT "
                        + max
                        + ") AS first_rows")
                .setHint(TIMEOUT_HINT, (int) config.queryTimeout().toMillis())
                .getSingleResult();
    return count.longValue();
  }

  /**
   * A number of events.
   *
   * @param events 0 or more
   * @param estimated whether the number is an estimate
   */
  public record Total(long events, boolean estimated) {
    static final int MAX_COUNTED = 100_000;
  }

  private <T> TypedQuery<T> query(String jpql, Class<T> type, Duration timeout) {
    return entityManager
        .createQuery(jpql, type)
        .setHint(TIMEOUT_HINT, (int) timeout.toMillis())
        .setHint("eclipselink.read-only", true);
  }
}
