package dev.datapipeline.storage;

import dev.datapipeline.record.Absence;
import dev.datapipeline.record.LogMark;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/** The database as {@link BatchWriter} sees it. Thread-safe. */
interface StorageSession {

  /**
   * The key of a partition's row in {@code topic_partitions}.
   *
   * @param topicId the topic's id
   * @param partition the partition's number
   */
  record PartitionKey(UUID topicId, int partition) {}

  /**
   * Offsets without a record that could be stored.
   *
   * @param positionId the row of {@code topic_partitions}
   * @param first the first offset
   * @param last the last offset
   * @param reason why they hold no record
   */
  record AbsentOffsets(int positionId, long first, long last, Absence reason) {}

  /**
   * Returns the id of the row of a partition's present incarnation. Creates the row if there is
   * none, in a transaction of its own.
   */
  int positionId(String topic, PartitionKey key) throws Exception;

  /** Returns the rows of the present incarnations of a topic's partitions, without locking them. */
  List<PartitionPosition> positions(UUID topicId) throws Exception;

  /** See {@link BatchStore#holds}. */
  boolean holds(StorableRecord record) throws Exception;

  /**
   * Begins a new incarnation of a partition.
   *
   * @param former the row of the present incarnation
   * @param firstOffset the first offset of the new one
   * @param common the last record before that; null if it is unknown
   * @return false if the row has changed since; nothing was done then
   */
  boolean startIncarnation(PartitionPosition former, long firstOffset, LogMark common)
      throws Exception;

  /**
   * Removes the cause of a failed transaction if it can: a session of a hanging instance that holds
   * positions, or a sequence that is behind its table. Must be called after the rollback.
   *
   * @param failure why the transaction failed
   * @param ids the positions that it locks
   */
  void repair(Exception failure, Set<Integer> ids) throws InterruptedException;

  /**
   * A step of a position.
   *
   * @param id the row of {@code topic_partitions}
   * @param from the {@code next_offset} before
   * @param to the {@code next_offset} afterwards
   * @param mark the last record that is stored; null if it doesn't change
   */
  record Move(int id, long from, long to, LogMark mark) {}

  /** Begins a transaction in the calling thread. */
  Transaction begin() throws Exception;

  /** One transaction. Close it in the thread that began it. */
  interface Transaction extends AutoCloseable {

    /**
     * Locks rows of {@code topic_partitions} in the order of their ids, and waits for other
     * transactions that have locked them. Also moves those that are where a move begins, because
     * nearly all are: it takes no second statement.
     *
     * @param moves at most one for each row, each with a mark
     * @return the rows that exist, as they were before, in the order of their ids
     */
    List<PartitionPosition> lock(Set<Integer> ids, Collection<Move> moves) throws Exception;

    /** Moves a locked row, wherever it is. */
    void move(Move move) throws Exception;

    /** Writes why offsets hold no record. */
    void writeAbsent(List<AbsentOffsets> offsets) throws Exception;

    /**
     * Writes records to {@code raw_events}, and the file positions that they carry, and marks the
     * dead letters that they correct.
     *
     * @throws Exception if PostgreSQL refuses one of them; the transaction can only be rolled back
     */
    void write(List<StorableRecord> records) throws Exception;

    /**
     * Writes records to {@code raw_events}, those that PostgreSQL refuses to {@code dead_letters},
     * and the file positions that all of them carry, and marks the dead letters that they correct.
     *
     * @return the number of records that went to {@code dead_letters}
     */
    long writeIsolated(List<StorableRecord> records) throws Exception;

    void commit() throws Exception;

    /** Rolls back unless the transaction was committed. */
    @Override
    void close();
  }
}
