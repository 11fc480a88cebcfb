package dev.datapipeline.storage;

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
   * A locked row of {@code topic_partitions}.
   *
   * @param id the row's id
   * @param key the partition that it belongs to
   * @param nextOffset the offset of the next record to store
   */
  record Position(int id, PartitionKey key, long nextOffset) {}

  /**
   * Returns the id of a partition's row. Creates the row if it is missing, in a transaction of its
   * own.
   */
  int positionId(String topic, PartitionKey key) throws Exception;

  /** Begins a transaction in the calling thread. */
  Transaction begin() throws Exception;

  /** One transaction. Close it in the thread that began it. */
  interface Transaction extends AutoCloseable {

    /**
     * Locks rows of {@code topic_partitions} in the order of their ids, and waits for other
     * transactions that have locked them.
     *
     * @return the rows that exist, in the order of their ids
     */
    List<Position> lock(Set<Integer> ids) throws Exception;

    /** Moves the position of a locked row. */
    void moveTo(int id, long nextOffset) throws Exception;

    /**
     * Writes records to {@code raw_events}, and the file positions that they carry.
     *
     * @throws Exception if PostgreSQL refuses one of them; the transaction can only be rolled back
     */
    void write(List<StorableRecord> records) throws Exception;

    /**
     * Writes records to {@code raw_events}, those that PostgreSQL refuses to {@code dead_letters},
     * and the file positions that all of them carry.
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
