package dev.datapipeline.storage;

import dev.datapipeline.metrics.PipelineMetrics;
import dev.datapipeline.record.Absence;
import dev.datapipeline.record.LogMark;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Consumer;

/**
 * A database in memory with transactions, row locks, and a backup. A transaction doesn't wait for a
 * lock but fails, as it does in PostgreSQL after the lock timeout. For one thread.
 */
public final class SimulatedDatabase {
  /** Values that begin with this are refused. */
  public static final String POISON = "poison";

  /** What happens to the next commit. */
  public enum CommitFault {
    /** It is acknowledged. */
    NONE,
    /** The connection breaks before the commit. */
    NOT_COMMITTED,
    /** The connection breaks after the commit. */
    NOT_ACKNOWLEDGED
  }

  /**
   * A row of {@code raw_events} or {@code dead_letters}.
   *
   * @param deadLetter which of the two
   */
  public record Row(UUID topicId, int partition, long offset, byte[] value, boolean deadLetter) {}

  /** The identity of a row. */
  private record RowKey(int positionId, long offset, byte[] value) {}

  private static final class State {
    private final TreeMap<Integer, PartitionPosition> positions = new TreeMap<>();
    private final Map<Integer, Long> firstOffsets = new HashMap<>();
    private final Map<RowKey, Row> rows = new HashMap<>();
    private final Map<Integer, TreeMap<Long, Absence>> absent = new HashMap<>();
    private int sequence;

    State copy() {
      State copy = new State();
      copy.positions.putAll(positions);
      copy.firstOffsets.putAll(firstOffsets);
      copy.rows.putAll(rows);
      absent.forEach((id, offsets) -> copy.absent.put(id, new TreeMap<>(offsets)));
      copy.sequence = sequence;
      return copy;
    }

    Optional<PartitionPosition> position(UUID topicId, int partition) {
      return positions.values().stream()
          .filter(
              position ->
                  position.topicId().equals(topicId)
                      && position.partition() == partition
                      && !position.ended())
          .findFirst();
    }

    void insert(int id, UUID topicId, int partition, long firstOffset, LogMark mark) {
      positions.put(id, new PartitionPosition(id, topicId, partition, firstOffset, mark, false));
      firstOffsets.put(id, firstOffset);
    }
  }

  private static final PipelineMetrics NO_METRICS =
      new PipelineMetrics() {
        @Override
        public void batchStored(long rows, long duplicates, long letters) {
          // not counted
        }

        @Override
        public void batchWritten(long nanos) {
          // not counted
        }
      };

  private final Consumer<Row> listener;
  private final Map<Integer, Object> locks = new HashMap<>();
  private State state = new State();
  private State backup = state.copy();
  private int restarts;
  private boolean away;
  private CommitFault commitFault = CommitFault.NONE;

  /**
   * Creates an empty database.
   *
   * @param listener sees each row that is committed
   */
  public SimulatedDatabase(Consumer<Row> listener) {
    this.listener = listener;
  }

  /** Lets the database answer, or not. */
  public void setAway(boolean isAway) {
    away = isAway;
  }

  /** Sets what happens to the next commit. */
  public void setCommitFault(CommitFault fault) {
    commitFault = fault;
  }

  /** Restarts the server: open transactions are rolled back. */
  public void restart() {
    restarts++;
    locks.clear();
  }

  /** Keeps a copy of the present state. */
  public void backUp() {
    backup = state.copy();
  }

  /** Goes back to the state of the last backup, including the sequence. */
  public void restore() {
    restart();
    state = backup.copy();
  }

  /** Returns the rows of both tables. */
  public Set<Row> rows() {
    return new HashSet<>(state.rows.values());
  }

  /** Returns a partition's position; 0 if there is none. */
  public long position(UUID topicId, int partition) {
    return state.position(topicId, partition).map(PartitionPosition::nextOffset).orElse(0L);
  }

  /** Returns why an offset holds no row; null if it isn't written down. */
  public Absence absence(UUID topicId, int partition, long offset) {
    return state.positions.values().stream()
        .filter(p -> p.topicId().equals(topicId) && p.partition() == partition)
        .map(p -> state.absent.getOrDefault(p.id(), new TreeMap<>()).get(offset))
        .filter(Objects::nonNull)
        .findFirst()
        .orElse(null);
  }

  /** Returns the offsets below a position that are neither in a row nor written down as absent. */
  public List<String> unexplained() {
    List<String> unexplained = new ArrayList<>();
    Set<String> explained = new HashSet<>();
    state.rows.keySet().forEach(row -> explained.add(row.positionId() + "/" + row.offset()));
    state.absent.forEach(
        (id, offsets) ->
            offsets
                .keySet()
                .forEach(
                    offset -> {
                      if (!explained.add(id + "/" + offset)) {
                        unexplained.add("stored and absent: " + id + "/" + offset);
                      }
                    }));
    for (PartitionPosition position : state.positions.values()) {
      for (long offset = state.firstOffsets.get(position.id());
          offset < position.nextOffset();
          offset++) {
        if (!explained.contains(position.id() + "/" + offset)) {
          unexplained.add(position.id() + "/" + offset);
        }
      }
    }
    return unexplained;
  }

  /**
   * Returns a writer as an instance has it.
   *
   * @param call runs before each statement and after each commit, and may throw
   */
  public BatchStore writer(Runnable call) {
    return new BatchWriter(new Session(call), NO_METRICS);
  }

  private final class Session implements StorageSession {
    private final Runnable call;

    Session(Runnable call) {
      this.call = call;
    }

    void statement(int expectedRestarts) throws SQLException {
      call.run();
      if (away || restarts != expectedRestarts) {
        throw new SQLException("the simulated database is away", "08006");
      }
    }

    @Override
    public int positionId(String topic, PartitionKey key) throws SQLException {
      statement(restarts);
      // the sequence moves on a conflict, too
      int id = ++state.sequence;
      Optional<PartitionPosition> existing = state.position(key.topicId(), key.partition());
      if (existing.isPresent()) {
        return existing.get().id();
      }
      state.insert(id, key.topicId(), key.partition(), 0, null);
      return id;
    }

    @Override
    public List<PartitionPosition> positions(UUID topicId) throws SQLException {
      statement(restarts);
      return state.positions.values().stream()
          .filter(position -> position.topicId().equals(topicId) && !position.ended())
          .toList();
    }

    @Override
    public boolean holds(StorableRecord record) throws SQLException {
      statement(restarts);
      return state.rows.containsKey(
          new RowKey(record.topicPartitionId(), record.record().offset(), record.record().value()));
    }

    @Override
    public void repair(Exception failure, Set<Integer> ids) {
      // its sessions don't hang, and its sequence is never behind
    }

    @Override
    public boolean startIncarnation(PartitionPosition former, long firstOffset, LogMark common)
        throws SQLException {
      statement(restarts);
      if (locks.containsKey(former.id())) {
        throw new SQLException("canceling statement due to lock timeout", "55P03");
      }
      if (!former.equals(state.positions.get(former.id()))) {
        return false;
      }
      state.positions.put(
          former.id(),
          new PartitionPosition(
              former.id(),
              former.topicId(),
              former.partition(),
              former.nextOffset(),
              former.mark(),
              true));
      state.insert(++state.sequence, former.topicId(), former.partition(), firstOffset, common);
      return true;
    }

    @Override
    public Transaction begin() throws SQLException {
      int now = restarts;
      statement(now);
      return new SimulatedTransaction(this, now);
    }
  }

  private final class SimulatedTransaction implements StorageSession.Transaction {
    private final Session session;
    private final int begunIn;
    private final Map<Integer, PartitionPosition> moves = new HashMap<>();
    private final List<StorageSession.AbsentOffsets> absent = new ArrayList<>();
    private final List<Row> rows = new ArrayList<>();
    private final List<RowKey> keys = new ArrayList<>();

    SimulatedTransaction(Session session, int begunIn) {
      this.session = session;
      this.begunIn = begunIn;
    }

    @Override
    public List<PartitionPosition> lock(Set<Integer> ids, Collection<StorageSession.Move> expected)
        throws SQLException {
      session.statement(begunIn);
      List<PartitionPosition> positions = new ArrayList<>();
      for (int id : new TreeSet<>(ids)) {
        PartitionPosition position = state.positions.get(id);
        if (position != null) {
          if (locks.putIfAbsent(id, this) != null) {
            throw new SQLException("canceling statement due to lock timeout", "55P03");
          }
          positions.add(position);
        }
      }
      for (StorageSession.Move move : expected) {
        PartitionPosition position = state.positions.get(move.id());
        if (position != null && position.nextOffset() == move.from()) {
          move(move);
        }
      }
      return positions;
    }

    @Override
    public void move(StorageSession.Move move) {
      moves.put(move.id(), MemoryStorage.after(state.positions.get(move.id()), move));
    }

    @Override
    public void writeAbsent(List<StorageSession.AbsentOffsets> offsets) throws SQLException {
      session.statement(begunIn);
      absent.addAll(offsets);
    }

    @Override
    public void write(List<StorableRecord> records) throws SQLException {
      session.statement(begunIn);
      for (StorableRecord record : records) {
        if (isPoison(record)) {
          throw new SQLException("invalid input syntax for type json", "22P02");
        }
        add(record, false);
      }
    }

    @Override
    public long writeIsolated(List<StorableRecord> records) throws SQLException {
      session.statement(begunIn);
      records.forEach(record -> add(record, isPoison(record)));
      return records.stream().filter(SimulatedTransaction::isPoison).count();
    }

    private static boolean isPoison(StorableRecord record) {
      return new String(record.record().value()).startsWith(POISON);
    }

    private void add(StorableRecord record, boolean deadLetter) {
      int id = record.topicPartitionId();
      long offset = record.record().offset();
      byte[] value = record.record().value();
      PartitionPosition key = state.positions.get(id);
      keys.add(new RowKey(id, offset, value));
      rows.add(new Row(key.topicId(), key.partition(), offset, value, deadLetter));
    }

    @Override
    public void commit() throws SQLException {
      session.statement(begunIn);
      CommitFault fault = commitFault;
      commitFault = CommitFault.NONE;
      if (fault == CommitFault.NOT_COMMITTED) {
        throw new SQLException("the connection broke", "08006");
      }
      apply();
      close();
      session.statement(begunIn);
      if (fault == CommitFault.NOT_ACKNOWLEDGED) {
        throw new SQLException("the connection broke", "08006");
      }
    }

    private void apply() {
      for (int i = 0; i < rows.size(); i++) {
        if (state.rows.put(keys.get(i), rows.get(i)) != null) {
          throw new AssertionError("stored twice: " + rows.get(i));
        }
        listener.accept(rows.get(i));
      }
      state.positions.putAll(moves);
      for (StorageSession.AbsentOffsets range : absent) {
        for (long offset = range.first(); offset <= range.last(); offset++) {
          state
              .absent
              .computeIfAbsent(range.positionId(), any -> new TreeMap<>())
              .put(offset, range.reason());
        }
      }
    }

    @Override
    public void close() {
      locks.values().removeIf(holder -> holder == this);
    }
  }
}
