package dev.datapipeline.storage;

import dev.datapipeline.metrics.RecordingMetrics;
import dev.datapipeline.record.LogMark;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** A database in memory that can fail. */
public final class MemoryStorage implements StorageSession {
  /** A value that the database refuses, by identity. */
  static final byte[] POISON = "{".getBytes();

  /** A stored row, by position id and offset. */
  private record Row(int positionId, long offset, ConsumerRecord<byte[], byte[]> record) {}

  final TreeMap<Integer, PartitionPosition> positions = new TreeMap<>();
  final List<AbsentOffsets> absent = new ArrayList<>();
  final List<List<Integer>> locks = new ArrayList<>();
  private final List<Row> rawEvents = new ArrayList<>();
  private final List<Row> deadLetters = new ArrayList<>();
  int lookups;
  final Map<Exception, Set<Integer>> repairs = new HashMap<>();
  SQLException commitFailure;
  boolean refusesAtCommit;
  int open;
  int moves;
  int separateMoves;
  int isolated;
  private int begun;

  /** Returns the product's writer on this database. */
  public BatchStore writer() {
    return new BatchWriter(this, new RecordingMetrics().pipelineMetrics());
  }

  List<Long> rawEvents() {
    return rawEvents.stream().map(Row::offset).toList();
  }

  List<Long> deadLetters() {
    return deadLetters.stream().map(Row::offset).toList();
  }

  private List<PartitionPosition> incarnations(UUID topicId) {
    return positions.values().stream().filter(p -> p.topicId().equals(topicId)).toList();
  }

  /** Returns the position of a topic's present incarnation. */
  public long position(UUID topicId) {
    List<PartitionPosition> rows = incarnations(topicId);
    return rows.isEmpty() ? 0 : rows.get(rows.size() - 1).nextOffset();
  }

  /** Returns the number of transactions that were begun. */
  public int transactions() {
    return begun;
  }

  /** Sets the position back and drops the rows from there on, like a restored backup. */
  public void restore(UUID topicId, long nextOffset) {
    positions.replaceAll(
        (id, p) ->
            p.topicId().equals(topicId)
                ? new PartitionPosition(id, topicId, p.partition(), nextOffset, null, false)
                : p);
    rawEvents.removeIf(
        row ->
            positions.get(row.positionId()).topicId().equals(topicId)
                && row.offset() >= nextOffset);
  }

  /** Lets commits fail, or no longer if null. */
  public void failCommits(SQLException failure) {
    commitFailure = failure;
  }

  /** Returns the ids of all topics of which something is stored, in the order of storing. */
  public List<UUID> topicIds() {
    return positions.values().stream().map(PartitionPosition::topicId).distinct().toList();
  }

  /** Returns the values of an incarnation of a topic by offset. */
  public Map<Long, String> rows(UUID topicId, int incarnation) {
    Map<Long, String> rows = new TreeMap<>();
    List<PartitionPosition> all = incarnations(topicId);
    if (incarnation < all.size()) {
      int id = all.get(incarnation).id();
      rawEvents.stream()
          .filter(row -> row.positionId() == id)
          .forEach(
              row -> {
                if (rows.put(row.offset(), new String(row.record().value())) != null) {
                  throw new IllegalStateException("offset " + row.offset() + " is stored twice");
                }
              });
    }
    return rows;
  }

  /** Returns the absent offsets as "first-last reason". */
  public List<String> absences() {
    return absent.stream().map(a -> a.first() + "-" + a.last() + " " + a.reason()).toList();
  }

  @Override
  public int positionId(String topic, PartitionKey key) {
    lookups++;
    return positions(key.topicId()).stream()
        .filter(p -> p.partition() == key.partition())
        .findFirst()
        .map(PartitionPosition::id)
        .orElseGet(() -> insert(key.topicId(), key.partition(), 0, null));
  }

  private int insert(UUID topicId, int partition, long nextOffset, LogMark mark) {
    int id = positions.size() + 1;
    positions.put(id, new PartitionPosition(id, topicId, partition, nextOffset, mark, false));
    return id;
  }

  /** Returns a position after a move. */
  static PartitionPosition after(PartitionPosition old, Move move) {
    return new PartitionPosition(
        old.id(),
        old.topicId(),
        old.partition(),
        move.to(),
        move.mark() == null ? old.mark() : move.mark(),
        old.ended());
  }

  @Override
  public List<PartitionPosition> positions(UUID topicId) {
    return incarnations(topicId).stream().filter(p -> !p.ended()).toList();
  }

  @Override
  public boolean holds(StorableRecord record) {
    return rawEvents.stream()
        .anyMatch(
            row ->
                row.positionId() == record.topicPartitionId()
                    && row.offset() == record.record().offset()
                    && Arrays.equals(row.record().value(), record.record().value()));
  }

  @Override
  public boolean startIncarnation(PartitionPosition former, long firstOffset, LogMark common) {
    if (!former.equals(positions.get(former.id()))) {
      return false;
    }
    positions.put(
        former.id(),
        new PartitionPosition(
            former.id(),
            former.topicId(),
            former.partition(),
            former.nextOffset(),
            former.mark(),
            true));
    insert(former.topicId(), former.partition(), firstOffset, common);
    return true;
  }

  @Override
  public void repair(Exception failure, Set<Integer> ids) {
    if (open > 0) {
      throw new IllegalStateException("the transaction is still open");
    }
    repairs.put(failure, ids);
  }

  @Override
  public Transaction begin() {
    begun++;
    open++;
    return new MemoryTransaction();
  }

  private final class MemoryTransaction implements Transaction {
    private final Map<Integer, PartitionPosition> moved = new HashMap<>();
    private final List<Row> events = new ArrayList<>();
    private final List<Row> letters = new ArrayList<>();
    private final List<AbsentOffsets> passed = new ArrayList<>();

    @Override
    public List<PartitionPosition> lock(Set<Integer> wanted, Collection<Move> expected) {
      locks.add(List.copyOf(wanted));
      for (Move move : expected) {
        PartitionPosition position = positions.get(move.id());
        if (position != null && position.nextOffset() == move.from()) {
          moves++;
          moved.put(move.id(), after(position, move));
        }
      }
      return wanted.stream().filter(positions::containsKey).map(positions::get).toList();
    }

    @Override
    public void move(Move move) {
      separateMoves++;
      moved.put(move.id(), after(positions.get(move.id()), move));
    }

    @Override
    public void writeAbsent(List<AbsentOffsets> offsets) {
      passed.addAll(offsets);
    }

    @Override
    public void write(List<StorableRecord> records) throws SQLException {
      for (StorableRecord record : records) {
        if (record.record().value() == POISON && !refusesAtCommit) {
          throw new SQLException("invalid input syntax for type json", "22P02");
        }
        events.add(row(record));
      }
    }

    private Row row(StorableRecord record) {
      return new Row(record.topicPartitionId(), record.record().offset(), record.record());
    }

    @Override
    public long writeIsolated(List<StorableRecord> records) {
      isolated++;
      for (StorableRecord record : records) {
        (record.record().value() == POISON ? letters : events).add(row(record));
      }
      return letters.size();
    }

    @Override
    public void commit() throws Exception {
      if (refusesAtCommit && letters.isEmpty()) {
        throw new IllegalStateException(new SQLException("a deferred constraint", "23514"));
      }
      if (commitFailure != null) {
        throw commitFailure;
      }
      positions.putAll(moved);
      rawEvents.addAll(events);
      deadLetters.addAll(letters);
      absent.addAll(passed);
    }

    @Override
    public void close() {
      open--;
    }
  }
}
