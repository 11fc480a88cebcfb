package dev.datapipeline.storage;

import dev.datapipeline.failure.FailureKind;
import dev.datapipeline.metrics.PipelineMetrics;
import dev.datapipeline.record.RecordRange;
import dev.datapipeline.storage.StorageSession.PartitionKey;
import dev.datapipeline.storage.StorageSession.Position;
import dev.datapipeline.storage.StorageSession.Transaction;
import io.opentelemetry.api.trace.Span;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Stores each batch in one transaction: locks the positions of its partitions, skips records that
 * are already stored, writes the rest, and moves the positions. Callers that store records of the
 * same partition wait for each other in the database. Thread-safe.
 */
@ApplicationScoped
public class BatchWriter implements BatchStore {
  private static final Logger LOG = Logger.getLogger(BatchWriter.class.getName());

  private final StorageSession session;
  private final PipelineMetrics metrics;

  /** Known ids of rows of {@code topic_partitions}. */
  private final Map<PartitionKey, Integer> positionIds = new ConcurrentHashMap<>();

  /** Required by CDI for client proxies; do not call. */
  protected BatchWriter() {
    session = null;
    metrics = null;
  }

  /**
   * Creates a writer; doesn't connect yet.
   *
   * @param session the database
   * @param metrics counts the stored records
   */
  @Inject
  BatchWriter(StorageSession session, PipelineMetrics metrics) {
    this.session = session;
    this.metrics = metrics;
  }

  @Override
  public void store(List<RecordRange> batch) throws MissingRecordsException, StorageException {
    long begunAt = System.nanoTime();
    try {
      attempt(batch);
      metrics.batchWritten(System.nanoTime() - begunAt);
    } catch (MissingRecordsException e) {
      throw e;
    } catch (Exception e) {
      throw new StorageException(e);
    }
  }

  /** Assumes that PostgreSQL accepts all values. Isolates the rejected ones only if it doesn't. */
  private void attempt(List<RecordRange> batch) throws Exception {
    try {
      attempt(batch, false);
    } catch (Exception e) {
      if (FailureKind.of(e) != FailureKind.VALUE) {
        throw e;
      }
      LOG.log(Level.FINE, "a batch holds a value that PostgreSQL refuses", e);
      attempt(batch, true);
    }
  }

  private void attempt(List<RecordRange> batch, boolean isolate) throws Exception {
    Map<Integer, List<RecordRange>> ranges = byPosition(batch);
    try (Transaction transaction = session.begin()) {
      List<StorableRecord> records = new ArrayList<>();
      long duplicates = 0;
      for (Position position : lock(transaction, ranges)) {
        long next = position.nextOffset();
        for (RecordRange range : ranges.get(position.id())) {
          if (range.from() > next) {
            // from the stored position: earlier ranges of this batch are rolled back, too
            throw new MissingRecordsException(range, position.nextOffset());
          }
          for (ConsumerRecord<byte[], byte[]> record : range.records()) {
            if (record.offset() < next) {
              duplicates++;
            } else {
              records.add(new StorableRecord(position.id(), record));
            }
          }
          next = Math.max(next, range.to());
        }
        if (next > position.nextOffset()) {
          transaction.moveTo(position.id(), next);
        }
      }
      long deadLetters = write(transaction, records, isolate);
      transaction.commit();
      report(records.size() - deadLetters, duplicates, deadLetters);
    }
  }

  private static long write(Transaction transaction, List<StorableRecord> records, boolean isolate)
      throws Exception {
    if (records.isEmpty()) {
      return 0;
    }
    if (isolate) {
      return transaction.writeIsolated(records);
    }
    transaction.write(records);
    return 0;
  }

  private void report(long stored, long duplicates, long deadLetters) {
    metrics.batchStored(stored, duplicates, deadLetters);
    Span.current()
        .setAttribute("datapipeline.records.stored", stored)
        .setAttribute("datapipeline.records.skipped", duplicates)
        .setAttribute("datapipeline.records.dead_lettered", deadLetters);
  }

  /** Returns the ranges by the id of their position. */
  private Map<Integer, List<RecordRange>> byPosition(List<RecordRange> batch) throws Exception {
    Map<Integer, List<RecordRange>> ranges = new TreeMap<>();
    for (RecordRange range : batch) {
      ranges.computeIfAbsent(positionId(range), any -> new ArrayList<>()).add(range);
    }
    return ranges;
  }

  private int positionId(RecordRange range) throws Exception {
    PartitionKey key = key(range);
    Integer id = positionIds.get(key);
    if (id == null) {
      id = session.positionId(range.topic(), key);
      positionIds.put(key, id);
    }
    return id;
  }

  private static PartitionKey key(RecordRange range) {
    return new PartitionKey(range.topicId(), range.partition());
  }

  /**
   * Locks the positions and checks that they belong to the partitions of the ranges. A restored
   * database may lack rows, or give their ids to other partitions.
   */
  private List<Position> lock(Transaction transaction, Map<Integer, List<RecordRange>> ranges)
      throws Exception {
    List<Position> positions = transaction.lock(ranges.keySet());
    boolean expected =
        positions.size() == ranges.size()
            && positions.stream()
                .allMatch(position -> position.key().equals(key(ranges.get(position.id()).get(0))));
    if (!expected) {
      positionIds.clear();
      throw new SQLException(
          "rows of topic_partitions are gone or stand for other partitions; they are looked up again",
          "40000");
    }
    return positions;
  }
}
