package dev.datapipeline.storage;

import dev.datapipeline.failure.FailureKind;
import dev.datapipeline.metrics.PipelineMetrics;
import dev.datapipeline.record.LogMark;
import dev.datapipeline.record.RecordRange;
import dev.datapipeline.storage.StorageSession.AbsentOffsets;
import dev.datapipeline.storage.StorageSession.Move;
import dev.datapipeline.storage.StorageSession.PartitionKey;
import dev.datapipeline.storage.StorageSession.Transaction;
import io.opentelemetry.api.trace.Span;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Collectors;
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

  /** The log that this writer has stored last, by id of the position. */
  private final Map<Integer, LogMark> confirmed = new ConcurrentHashMap<>();

  /** The positions at which a log was compared with what is stored, until the next commit. */
  private final Map<Integer, PartitionPosition> compared = new ConcurrentHashMap<>();

  /** Whether the last batch held a value that PostgreSQL refuses. */
  private volatile boolean expectsPoison;

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
  public void store(List<RecordRange> batch)
      throws MissingRecordsException, UnconfirmedLogException, StorageException {
    long begunAt = System.nanoTime();
    try {
      attempt(batch);
      metrics.batchWritten(System.nanoTime() - begunAt);
    } catch (MissingRecordsException | UnconfirmedLogException e) {
      throw e;
    } catch (Exception e) {
      repair(e, batch);
      throw new StorageException(e);
    }
  }

  @Override
  public Map<Integer, PartitionPosition> positions(UUID topicId) throws StorageException {
    try {
      return session.positions(topicId).stream()
          .collect(Collectors.toMap(PartitionPosition::partition, Function.identity()));
    } catch (Exception e) {
      throw new StorageException(e);
    }
  }

  @Override
  public void confirm(PartitionPosition position) {
    confirmed.put(position.id(), position.mark());
    compared.put(position.id(), position);
  }

  @Override
  public boolean holds(PartitionPosition position, ConsumerRecord<byte[], byte[]> record)
      throws StorageException {
    try {
      return session.holds(new StorableRecord(position.id(), record));
    } catch (Exception e) {
      throw new StorageException(e);
    }
  }

  @Override
  public boolean startIncarnation(PartitionPosition former, long firstOffset, LogMark common)
      throws StorageException {
    try {
      return session.startIncarnation(former, firstOffset, common);
    } catch (Exception e) {
      throw new StorageException(e);
    } finally {
      positionIds.remove(new PartitionKey(former.topicId(), former.partition()));
    }
  }

  private void repair(Exception failure, List<RecordRange> batch) {
    Set<Integer> ids =
        batch.stream()
            .map(range -> positionIds.get(key(range)))
            .filter(Objects::nonNull)
            .collect(Collectors.toSet());
    try {
      session.repair(failure, ids);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Assumes that PostgreSQL accepts all values, unless it has just refused some, and isolates the
   * refused ones only if it doesn't. A topic with a little poison has some in each batch, and would
   * be sent twice.
   */
  private void attempt(List<RecordRange> batch) throws Exception {
    boolean isolate = expectsPoison;
    try {
      attempt(batch, isolate);
    } catch (Exception e) {
      if (isolate || FailureKind.of(e) != FailureKind.VALUE) {
        throw e;
      }
      LOG.log(Level.FINE, "a batch holds a value that PostgreSQL refuses", e);
      attempt(batch, true);
    }
  }

  private void attempt(List<RecordRange> batch, boolean isolate) throws Exception {
    Map<Integer, List<RecordRange>> ranges = byPosition(batch);
    try (Transaction transaction = session.begin()) {
      Plan plan = new Plan();
      Map<Integer, Move> expected = expectedMoves(ranges);
      for (PartitionPosition position : lock(transaction, ranges, expected.values())) {
        plan.add(position, ranges.get(position.id()));
      }
      for (Move move : plan.moves.values()) {
        if (!move.equals(expected.get(move.id()))) {
          transaction.move(move);
        }
      }
      long deadLetters = write(transaction, plan.records, isolate);
      if (!plan.absent.isEmpty()) {
        transaction.writeAbsent(plan.absent);
      }
      transaction.commit();
      expectsPoison = deadLetters > 0;
      plan.moves.values().stream()
          .filter(move -> move.mark() != null)
          .forEach(move -> confirmed.put(move.id(), move.mark()));
      // the log may go back at any time after that
      compared.keySet().removeAll(ranges.keySet());
      report(plan.records.size() - deadLetters, plan.duplicates, deadLetters);
      plan.lost.forEach(BatchWriter::reportLoss);
    }
  }

  /** What a transaction writes. */
  private final class Plan {
    private final List<StorableRecord> records = new ArrayList<>();
    private final List<AbsentOffsets> absent = new ArrayList<>();
    private final List<RecordRange> lost = new ArrayList<>();
    private final Map<Integer, Move> moves = new TreeMap<>();
    private long duplicates;

    /** Adds what is not stored yet. */
    void add(PartitionPosition position, List<RecordRange> ranges)
        throws MissingRecordsException, UnconfirmedLogException {
      int id = position.id();
      long next = position.nextOffset();
      ConsumerRecord<byte[], byte[]> last = null;
      for (RecordRange range : ranges) {
        if (range.from() > next) {
          // from the stored position: earlier ranges of this batch are rolled back, too
          throw new MissingRecordsException(range, position.nextOffset());
        }
        if (last == null && next == position.nextOffset()) {
          requireConfirmed(range, position);
        }
        for (ConsumerRecord<byte[], byte[]> record : range.records()) {
          if (record.offset() < next) {
            duplicates++;
          } else {
            addAbsent(id, next, record.offset(), range);
            records.add(new StorableRecord(id, record));
            last = record;
            next = record.offset() + 1;
          }
        }
        addAbsent(id, next, range.to(), range);
        next = Math.max(next, range.to());
      }
      if (next > position.nextOffset()) {
        LogMark mark = last == null ? null : LogMark.of(last);
        if (mark == null && position.mark() == null) {
          mark = LogMark.before(position.nextOffset());
        }
        moves.put(id, new Move(id, position.nextOffset(), next, mark));
      }
    }

    private void addAbsent(int id, long from, long to, RecordRange range) {
      if (from < to) {
        absent.add(new AbsentOffsets(id, from, to - 1, range.absence()));
        if (range.absence().isLoss()) {
          lost.add(range.empty(from, to, range.absence()));
        }
      }
    }
  }

  /**
   * Checks that a range is from the log that was stored up to its partition's position. A range
   * that changes nothing needs no check: the one that continues it does.
   */
  private void requireConfirmed(RecordRange range, PartitionPosition position)
      throws UnconfirmedLogException {
    LogMark mark = position.mark();
    if (mark == null
        || range.to() <= mark.offset()
        || position.equals(compared.get(position.id()))) {
      return;
    }
    int epoch = -1;
    for (ConsumerRecord<byte[], byte[]> record : range.records()) {
      if (record.offset() >= mark.offset()) {
        if (mark.matches(record)) {
          return;
        }
        if (record.offset() < position.nextOffset()) {
          throw new UnconfirmedLogException(range, position);
        }
        epoch = record.leaderEpoch().orElse(-1);
        break;
      }
    }
    boolean moves = range.to() > position.nextOffset();
    boolean continues = range.from() > mark.offset() && (epoch < 0 || epoch == mark.leaderEpoch());
    if (moves && !(continues && mark.equals(confirmed.get(position.id())))) {
      throw new UnconfirmedLogException(range, position);
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

  private static void reportLoss(RecordRange range) {
    LOG.log(
        Level.SEVERE,
        "{0}-{1}: offsets {2} to {3} are lost ({4}): they were not stored before that",
        new Object[] {
          range.topic(),
          range.partition(),
          Long.toString(range.from()),
          Long.toString(range.to() - 1),
          range.absence()
        });
  }

  /** Returns how the positions move if nothing of the ranges is stored and nothing is missing. */
  private static Map<Integer, Move> expectedMoves(Map<Integer, List<RecordRange>> ranges) {
    Map<Integer, Move> moves = new TreeMap<>();
    ranges.forEach(
        (id, all) -> {
          long from = all.get(0).from();
          long to = all.get(all.size() - 1).to();
          List<ConsumerRecord<byte[], byte[]>> records = all.get(all.size() - 1).records();
          if (to > from && !records.isEmpty()) {
            LogMark mark = LogMark.of(records.get(records.size() - 1));
            moves.put(id, new Move(id, from, to, mark));
          }
        });
    return moves;
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
  private List<PartitionPosition> lock(
      Transaction transaction, Map<Integer, List<RecordRange>> ranges, Collection<Move> moves)
      throws Exception {
    List<PartitionPosition> positions = transaction.lock(ranges.keySet(), moves);
    boolean expected =
        positions.size() == ranges.size()
            && positions.stream()
                .allMatch(
                    position ->
                        !position.ended()
                            && ranges.get(position.id()).stream().allMatch(position::isOf));
    if (!expected) {
      positionIds.clear();
      throw new SQLException(
          "rows of topic_partitions are gone or stand for other partitions; they are looked up again",
          "40000");
    }
    return positions;
  }
}
