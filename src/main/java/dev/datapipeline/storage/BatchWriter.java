package dev.datapipeline.storage;

import dev.datapipeline.failure.DatabaseFailure;
import dev.datapipeline.metrics.PipelineMetrics;
import dev.datapipeline.record.RecordRange;
import io.opentelemetry.api.trace.Span;
import jakarta.annotation.Resource;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.persistence.EntityManager;
import jakarta.persistence.LockModeType;
import jakarta.persistence.PersistenceContext;
import jakarta.transaction.Status;
import jakarta.transaction.SystemException;
import jakarta.transaction.UserTransaction;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Stores batches of records, each in one transaction: lock the positions of the partitions, drop
 * what is stored already, write the rest, move the positions. Thread-safe; callers that touch the
 * same partition wait for one another in the database.
 */
@ApplicationScoped
public class BatchWriter {
  private static final Logger LOG = Logger.getLogger(BatchWriter.class.getName());

  /** Which row of {@code topic_partitions} stands for a partition. Rows are never deleted. */
  private record PartitionKey(UUID topicId, int partition) {}

  private final Map<PartitionKey, Integer> positionIds = new ConcurrentHashMap<>();

  @PersistenceContext private EntityManager entityManager;
  @Resource private UserTransaction transaction;
  @Inject private PipelineMetrics metrics;

  /**
   * Stores a batch and returns when it is committed.
   *
   * @param batch ranges whose topic ids are known; those of one partition in the order of their
   *     offsets
   * @throws MissingRecordsException if a range begins behind its partition's position; nothing is
   *     stored
   * @throws StorageException if the database does not take the batch now; nothing is stored, or the
   *     outcome is unknown. The same batch can be given again.
   */
  public void store(List<RecordRange> batch) throws MissingRecordsException, StorageException {
    long begunAt = System.nanoTime();
    try {
      try {
        attempt(batch, RecordWriter.OPTIMISTIC);
      } catch (Exception e) {
        if (DatabaseFailure.of(e) != DatabaseFailure.VALUE) {
          throw e;
        }
        LOG.log(Level.FINE, "a batch holds a value that cannot be stored", e);
        attempt(batch, RecordWriter.ISOLATING);
      }
      metrics.batchWritten(System.nanoTime() - begunAt);
    } catch (MissingRecordsException e) {
      throw e;
    } catch (Exception e) {
      throw new StorageException(e);
    }
  }

  private void attempt(List<RecordRange> batch, RecordWriter writer) throws Exception {
    Map<Integer, List<RecordRange>> ranges = byPosition(batch);
    transaction.begin();
    try {
      Connection connection = entityManager.unwrap(Connection.class);
      List<StorableRecord> records = new ArrayList<>();
      long duplicates = 0;
      for (TopicPartitionPosition position : lock(ranges)) {
        long next = position.getNextOffset();
        for (RecordRange range : ranges.get(position.getId())) {
          if (range.from() > next) {
            throw new MissingRecordsException(range, next);
          }
          for (ConsumerRecord<byte[], byte[]> record : range.records()) {
            if (record.offset() < next) {
              duplicates++;
            } else {
              records.add(new StorableRecord(position.getId(), record));
            }
          }
          next = Math.max(next, range.to());
        }
        if (next > position.getNextOffset()) {
          position.advanceTo(next);
        }
      }
      long deadLetters = records.isEmpty() ? 0 : writer.write(connection, records);
      FilePositions.move(connection, records);
      transaction.commit();
      metrics.batchStored(records.size() - deadLetters, duplicates, deadLetters);
      Span.current()
          .setAttribute("datapipeline.records.stored", records.size() - deadLetters)
          .setAttribute("datapipeline.records.skipped", duplicates)
          .setAttribute("datapipeline.records.dead_lettered", deadLetters);
    } finally {
      rollbackIfOpen();
    }
  }

  /** The keys' order is the order of locking, the same everywhere, so that nobody deadlocks. */
  private Map<Integer, List<RecordRange>> byPosition(List<RecordRange> batch) throws Exception {
    Map<Integer, List<RecordRange>> ranges = new TreeMap<>();
    for (RecordRange range : batch) {
      ranges.computeIfAbsent(positionId(range), any -> new ArrayList<>()).add(range);
    }
    return ranges;
  }

  private List<TopicPartitionPosition> lock(Map<Integer, List<RecordRange>> ranges)
      throws SQLException {
    List<TopicPartitionPosition> positions =
        entityManager
            .createQuery(
                "SELECT p FROM TopicPartitionPosition p WHERE p.id IN :ids ORDER BY p.id",
                TopicPartitionPosition.class)
            .setParameter("ids", ranges.keySet())
            .setLockMode(LockModeType.PESSIMISTIC_WRITE)
            .getResultList();
    if (positions.size() != ranges.size()) {
      positionIds.clear();
      throw new SQLException("rows of topic_partitions have gone; they are made again", "40000");
    }
    return positions;
  }

  private int positionId(RecordRange range) throws Exception {
    PartitionKey key = new PartitionKey(range.topicId(), range.partition());
    Integer id = positionIds.get(key);
    if (id == null) {
      id = findOrCreatePosition(range);
      positionIds.put(key, id);
    }
    return id;
  }

  private int findOrCreatePosition(RecordRange range) throws Exception {
    transaction.begin();
    try {
      entityManager
          .createNativeQuery(
              "INSERT INTO topic_partitions (topic, topic_id, partition) VALUES (?1, CAST(?2 AS uuid), ?3)"
                  + " ON CONFLICT DO NOTHING")
          .setParameter(1, range.topic())
          .setParameter(2, range.topicId().toString())
          .setParameter(3, range.partition())
          .executeUpdate();
      Object id =
          entityManager
              .createNativeQuery(
                  "SELECT id FROM topic_partitions WHERE topic_id = CAST(?1 AS uuid) AND partition = ?2")
              .setParameter(1, range.topicId().toString())
              .setParameter(2, range.partition())
              .getSingleResult();
      transaction.commit();
      return ((Number) id).intValue();
    } finally {
      rollbackIfOpen();
    }
  }

  private void rollbackIfOpen() {
    try {
      if (transaction.getStatus() != Status.STATUS_NO_TRANSACTION) {
        transaction.rollback();
      }
    } catch (SystemException | RuntimeException e) {
      LOG.log(Level.FINE, "rollback failed; the connection is gone", e);
    }
  }
}
