package dev.datapipeline.storage;

import dev.datapipeline.failure.FailureKind;
import dev.datapipeline.failure.FailureText;
import dev.datapipeline.record.LogMark;
import jakarta.annotation.PostConstruct;
import jakarta.annotation.PreDestroy;
import jakarta.annotation.Resource;
import jakarta.enterprise.concurrent.ManagedScheduledExecutorService;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.EntityManager;
import jakarta.persistence.PersistenceContext;
import jakarta.transaction.Status;
import jakarta.transaction.SystemException;
import jakarta.transaction.UserTransaction;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import javax.sql.DataSource;

/** Uses PostgreSQL through the container's datasource and transaction manager. Thread-safe. */
@ApplicationScoped
class JtaStorageSession implements StorageSession {
  private static final Logger LOG = Logger.getLogger(JtaStorageSession.class.getName());

  private static final String QUERY_CANCELED = "57014";
  private static final int HOLDS_TIMEOUT_SECONDS = 25;
  private static final String HOLDS =
      "SELECT EXISTS (SELECT FROM raw_events WHERE topic_partition_id = ? AND kafka_offset = ?"
          + " AND \"timestamp\" = ? AND convert_to(payload::text, 'UTF8') = ?)"
          + " OR EXISTS (SELECT FROM dead_letters WHERE topic_partition_id = ? AND kafka_offset = ?"
          + " AND \"timestamp\" = ? AND payload IS NOT DISTINCT FROM ?)";

  /**
   * Locks in the order of the ids, so that no two transactions can wait for each other. A row that
   * another transaction has moved meanwhile is read as it is then, and not moved.
   */
  private static final String LOCK_AND_MOVE =
      "WITH locked AS ("
          + "SELECT id, topic_id, partition, next_offset, last_offset, last_digest, leader_epoch,"
          + " ended_at IS NOT NULL AS ended"
          + " FROM topic_partitions WHERE id = ANY (?) ORDER BY id FOR UPDATE"
          + "), moved AS ("
          + "UPDATE topic_partitions AS p SET next_offset = m.next_offset,"
          + " last_offset = m.last_offset, last_digest = m.last_digest,"
          + " leader_epoch = m.leader_epoch, updated_at = statement_timestamp()"
          + " FROM unnest(?, ?, ?, ?, ?, ?)"
          + " AS m(id, from_offset, next_offset, last_offset, last_digest, leader_epoch)"
          + " JOIN locked AS l ON l.id = m.id AND l.next_offset = m.from_offset"
          + " WHERE p.id = m.id"
          + ") SELECT * FROM locked ORDER BY id";

  private static final String MOVE =
      "UPDATE topic_partitions SET next_offset = ?, last_offset = coalesce(?, last_offset),"
          + " last_digest = coalesce(?, last_digest), leader_epoch = coalesce(?, leader_epoch),"
          + " updated_at = statement_timestamp() WHERE id = ?";

  /** For how long a session must do nothing at all, after the locks have been waited for. */
  private static final Duration STALLED = Duration.ofSeconds(5);

  /** Longer than the datasource waits for an answer. */
  private static final Duration COPY_LIMIT = Duration.ofSeconds(35);

  private static final Duration COPY_CHECK = Duration.ofSeconds(5);

  @PersistenceContext(unitName = "datapipeline")
  private EntityManager entityManager;

  @Resource(lookup = "jdbc/datapipeline")
  private DataSource dataSource;

  @Resource private UserTransaction userTransaction;
  @Resource private ManagedScheduledExecutorService executor;
  private ScheduledFuture<?> copyChecks;

  @PostConstruct
  void checkCopies() {
    copyChecks =
        executor.scheduleWithFixedDelay(
            this::abortStuckCopies,
            COPY_CHECK.toMillis(),
            COPY_CHECK.toMillis(),
            TimeUnit.MILLISECONDS);
  }

  @PreDestroy
  void stop() {
    copyChecks.cancel(false);
  }

  private void abortStuckCopies() {
    try {
      int aborted = RawEventCopy.abortStuck(COPY_LIMIT, executor);
      if (aborted > 0) {
        LOG.log(Level.WARNING, "the database accepts no data; connections closed: {0}", aborted);
      }
    } catch (SQLException | RuntimeException e) {
      // caught because it would end the checks
      LOG.log(Level.WARNING, "connection not closed: {0}", FailureText.reason(e));
    }
  }

  @Override
  public int positionId(String topic, PartitionKey key) throws Exception {
    try (JtaTransaction transaction = begin()) {
      entityManager
          .createNativeQuery(
              "INSERT INTO topic_partitions (topic, topic_id, partition)"
                  + " VALUES (?1, CAST(?2 AS uuid), ?3) ON CONFLICT DO NOTHING")
          .setParameter(1, topic)
          .setParameter(2, key.topicId().toString())
          .setParameter(3, key.partition())
          .executeUpdate();
      Object id =
          entityManager
              .createNativeQuery(
                  "SELECT id FROM topic_partitions WHERE topic_id = CAST(?1 AS uuid)"
                      + " AND partition = ?2 AND ended_at IS NULL")
              .setParameter(1, key.topicId().toString())
              .setParameter(2, key.partition())
              .getSingleResult();
      transaction.commit();
      return ((Number) id).intValue();
    }
  }

  @Override
  public List<PartitionPosition> positions(UUID topicId) throws Exception {
    try (JtaTransaction transaction = begin()) {
      List<PartitionPosition> positions =
          entityManager
              .createQuery(
                  "SELECT p FROM TopicPartitionPosition p"
                      + " WHERE p.topicId = :topicId AND p.endedAt IS NULL",
                  TopicPartitionPosition.class)
              .setParameter("topicId", topicId)
              .getResultStream()
              .map(JtaStorageSession::position)
              .toList();
      transaction.commit();
      return positions;
    }
  }

  private static PartitionPosition position(TopicPartitionPosition row) {
    return new PartitionPosition(
        row.getId(),
        row.getTopicId(),
        row.getPartition(),
        row.getNextOffset(),
        row.getMark(),
        row.hasEnded());
  }

  @Override
  public boolean holds(StorableRecord record) throws Exception {
    if (BinaryCopy.isInfinite(record.timestampMillis())) {
      return false;
    }
    try (JtaTransaction transaction = begin();
        PreparedStatement statement = transaction.connection().prepareStatement(HOLDS)) {
      statement.setQueryTimeout(HOLDS_TIMEOUT_SECONDS);
      for (int first = 1; first <= 5; first += 4) {
        statement.setInt(first, record.topicPartitionId());
        statement.setLong(first + 1, record.record().offset());
        statement.setObject(
            first + 2, Instant.ofEpochMilli(record.timestampMillis()).atOffset(ZoneOffset.UTC));
        statement.setBytes(first + 3, record.record().value());
      }
      try (ResultSet row = statement.executeQuery()) {
        return row.next() && row.getBoolean(1);
      }
    } catch (SQLException e) {
      if (QUERY_CANCELED.equals(e.getSQLState())) {
        return false;
      }
      throw e;
    }
  }

  @Override
  public boolean startIncarnation(PartitionPosition former, long firstOffset, LogMark common)
      throws Exception {
    try (JtaTransaction transaction = begin()) {
      if (!transaction.lock(Set.of(former.id()), List.of()).equals(List.of(former))) {
        return false;
      }
      entityManager
          .createNativeQuery("UPDATE topic_partitions SET ended_at = now() WHERE id = ?1")
          .setParameter(1, former.id())
          .executeUpdate();
      Number id =
          (Number)
              entityManager
                  .createNativeQuery(
                      "INSERT INTO topic_partitions"
                          + " (topic, topic_id, partition, incarnation, first_offset, next_offset)"
                          + " SELECT topic, topic_id, partition, incarnation + 1, ?2, ?2"
                          + " FROM topic_partitions WHERE id = ?1 RETURNING id")
                  .setParameter(1, former.id())
                  .setParameter(2, firstOffset)
                  .getSingleResult();
      transaction.move(new Move(id.intValue(), firstOffset, firstOffset, common));
      transaction.commit();
      return true;
    }
  }

  @Override
  public void repair(Exception failure, Set<Integer> ids) throws InterruptedException {
    try {
      switch (String.valueOf(FailureKind.sqlState(failure))) {
        case "55P03" -> endStalledSessions(ids);
        case "23505" -> mendSequence(failure);
        default -> {}
      }
    } catch (InterruptedException e) {
      throw e;
    } catch (Exception e) {
      LOG.log(Level.WARNING, "{0}; not repaired", FailureText.reason(e));
    }
  }

  private void endStalledSessions(Set<Integer> ids) throws Exception {
    Map<Integer, String> before = call(connection -> StalledSessions.find(connection, ids));
    if (before.isEmpty()) {
      return;
    }
    Thread.sleep(STALLED.toMillis());
    Map<Integer, String> stalled = call(connection -> StalledSessions.find(connection, ids));
    stalled.entrySet().retainAll(before.entrySet());
    for (int pid : stalled.keySet()) {
      LOG.log(
          Level.WARNING,
          "session {0} of the database holds positions and waits for an instance that hangs or is"
              + " cut off; it is ended",
          Integer.toString(pid));
      call(
          connection -> {
            StalledSessions.end(connection, pid);
            return null;
          });
    }
  }

  private void mendSequence(Exception failure) throws Exception {
    Optional<Violation> violation = Violation.of(failure);
    if (violation.isPresent()) {
      call(violation.get()::mendSequence)
          .ifPresent(
              id ->
                  LOG.log(
                      Level.WARNING,
                      "the sequence of {0}.id was behind the table and has been moved to {1}",
                      new Object[] {violation.get().table(), Long.toString(id)}));
    }
  }

  /** Work in a transaction of its own. */
  private interface Work<T> {
    T on(Connection connection) throws SQLException;
  }

  private <T> T call(Work<T> work) throws Exception {
    try (JtaTransaction transaction = begin()) {
      T result = work.on(transaction.connection());
      transaction.commit();
      return result;
    }
  }

  @Override
  public JtaTransaction begin() throws Exception {
    // an error during a rollback would otherwise leave this thread a transaction forever
    if (userTransaction.getStatus() != Status.STATUS_NO_TRANSACTION) {
      userTransaction.rollback();
    }
    userTransaction.begin();
    return new JtaTransaction();
  }

  /** A transaction of the calling thread. */
  final class JtaTransaction implements Transaction {
    private Connection connection;

    @Override
    public List<PartitionPosition> lock(Set<Integer> ids, Collection<Move> moves)
        throws SQLException {
      try (PreparedStatement statement = connection().prepareStatement(LOCK_AND_MOVE)) {
        statement.setArray(1, array("int4", ids.stream()));
        statement.setArray(2, array("int4", moves.stream().map(Move::id)));
        statement.setArray(3, array("int8", moves.stream().map(Move::from)));
        statement.setArray(4, array("int8", moves.stream().map(Move::to)));
        statement.setArray(5, array("int8", moves.stream().map(move -> move.mark().offset())));
        statement.setArray(6, array("uuid", moves.stream().map(move -> move.mark().digest())));
        statement.setArray(7, array("int4", moves.stream().map(m -> m.mark().leaderEpoch())));
        List<PartitionPosition> positions = new ArrayList<>();
        try (ResultSet row = statement.executeQuery()) {
          while (row.next()) {
            UUID digest = row.getObject("last_digest", UUID.class);
            positions.add(
                new PartitionPosition(
                    row.getInt("id"),
                    row.getObject("topic_id", UUID.class),
                    row.getInt("partition"),
                    row.getLong("next_offset"),
                    digest == null
                        ? null
                        : new LogMark(
                            row.getLong("last_offset"), digest, row.getInt("leader_epoch")),
                    row.getBoolean("ended")));
          }
        }
        return positions;
      }
    }

    private Array array(String type, Stream<?> values) throws SQLException {
      return connection.createArrayOf(type, values.toArray());
    }

    @Override
    public void move(Move move) throws SQLException {
      LogMark mark = move.mark();
      try (PreparedStatement statement = connection().prepareStatement(MOVE)) {
        statement.setLong(1, move.to());
        statement.setObject(2, mark == null ? null : mark.offset(), Types.BIGINT);
        statement.setObject(3, mark == null ? null : mark.digest(), Types.OTHER);
        statement.setObject(4, mark == null ? null : mark.leaderEpoch(), Types.INTEGER);
        statement.setInt(5, move.id());
        statement.executeUpdate();
      }
    }

    @Override
    public void writeAbsent(List<AbsentOffsets> offsets) throws Exception {
      RawEventCopy.writeAbsent(connection(), offsets);
    }

    @Override
    public void write(List<StorableRecord> records) throws Exception {
      Connection connection = connection();
      RawEventCopy.write(connection, records);
      FilePositions.move(connection, records);
      Corrections.mark(connection, records);
    }

    @Override
    public long writeIsolated(List<StorableRecord> records) throws Exception {
      Connection connection = connection();
      long deadLetters = new PoisonIsolation(connection).write(records);
      FilePositions.move(connection, records);
      Corrections.mark(connection, records);
      return deadLetters;
    }

    private Connection connection() throws SQLException {
      if (connection == null) {
        connection = dataSource.getConnection();
      }
      return connection;
    }

    @Override
    public void commit() throws Exception {
      userTransaction.commit();
    }

    @Override
    public void close() {
      try {
        if (userTransaction.getStatus() != Status.STATUS_NO_TRANSACTION) {
          userTransaction.rollback();
        }
      } catch (SystemException | RuntimeException e) {
        LOG.log(Level.FINE, "rollback failed; the connection is gone", e);
      }
      try {
        if (connection != null) {
          connection.close();
        }
      } catch (SQLException e) {
        LOG.log(Level.FINE, "the connection is gone", e);
      }
    }
  }
}
