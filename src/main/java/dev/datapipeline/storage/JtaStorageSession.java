package dev.datapipeline.storage;

import jakarta.annotation.Resource;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.EntityManager;
import jakarta.persistence.LockModeType;
import jakarta.persistence.PersistenceContext;
import jakarta.transaction.Status;
import jakarta.transaction.SystemException;
import jakarta.transaction.UserTransaction;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.logging.Level;
import java.util.logging.Logger;

/** Uses PostgreSQL through the container's datasource and transaction manager. Thread-safe. */
@ApplicationScoped
class JtaStorageSession implements StorageSession {
  private static final Logger LOG = Logger.getLogger(JtaStorageSession.class.getName());

  @PersistenceContext private EntityManager entityManager;
  @Resource private UserTransaction userTransaction;

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
                  "SELECT id FROM topic_partitions"
                      + " WHERE topic_id = CAST(?1 AS uuid) AND partition = ?2")
              .setParameter(1, key.topicId().toString())
              .setParameter(2, key.partition())
              .getSingleResult();
      transaction.commit();
      return ((Number) id).intValue();
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
    private final Map<Integer, TopicPartitionPosition> locked = new LinkedHashMap<>();

    @Override
    public List<Position> lock(Set<Integer> ids) {
      List<Position> positions = new ArrayList<>();
      for (TopicPartitionPosition row :
          entityManager
              .createQuery(
                  "SELECT p FROM TopicPartitionPosition p WHERE p.id IN :ids ORDER BY p.id",
                  TopicPartitionPosition.class)
              .setParameter("ids", ids)
              .setLockMode(LockModeType.PESSIMISTIC_WRITE)
              .getResultList()) {
        locked.put(row.getId(), row);
        positions.add(
            new Position(
                row.getId(),
                new PartitionKey(row.getTopicId(), row.getPartition()),
                row.getNextOffset()));
      }
      return positions;
    }

    @Override
    public void moveTo(int id, long nextOffset) {
      locked.get(id).moveTo(nextOffset);
    }

    @Override
    public void write(List<StorableRecord> records) throws Exception {
      Connection connection = connection();
      RawEventCopy.write(connection, records);
      FilePositions.move(connection, records);
    }

    @Override
    public long writeIsolated(List<StorableRecord> records) throws Exception {
      Connection connection = connection();
      long deadLetters = new PoisonIsolation(connection).write(records);
      FilePositions.move(connection, records);
      return deadLetters;
    }

    private Connection connection() {
      return entityManager.unwrap(Connection.class);
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
    }
  }
}
