package dev.datapipeline.storage;

import dev.datapipeline.record.LogMark;
import dev.datapipeline.record.RecordRange;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Stores batches of records exactly once. Thread-safe. */
public interface BatchStore {

  /**
   * Stores a batch and returns when it is committed. Records below the position of their partition
   * are already stored and are skipped.
   *
   * @param batch ranges with topic ids; ranges of the same partition in the order of their offsets
   * @throws MissingRecordsException if a range begins after its partition's position; nothing is
   *     stored
   * @throws UnconfirmedLogException if the log must be compared with what is stored first; nothing
   *     is stored
   * @throws StorageException if the database doesn't take the batch now. Either nothing is stored
   *     or the outcome is unknown; in both cases the same batch can be stored again.
   */
  void store(List<RecordRange> batch)
      throws MissingRecordsException, UnconfirmedLogException, StorageException;

  /**
   * Returns the positions of a topic's partitions, of their present incarnations.
   *
   * @param topicId the topic's id
   * @return by partition number; without those that are unknown to the database
   * @throws StorageException if the database doesn't answer now
   */
  Map<Integer, PartitionPosition> positions(UUID topicId) throws StorageException;

  /**
   * Confirms that a partition's log still is the one that was stored up to a position, and that the
   * range in question is from it.
   *
   * @param position has a mark
   */
  void confirm(PartitionPosition position);

  /**
   * Returns whether a record is stored. The table has no index for this, so it may take a while.
   *
   * @param position of the record's partition
   * @param record compared by timestamp and value
   * @return false if that couldn't be found out in time, or if the row was changed or deleted
   * @throws StorageException if the database doesn't answer now
   */
  boolean holds(PartitionPosition position, ConsumerRecord<byte[], byte[]> record)
      throws StorageException;

  /**
   * Begins a new incarnation of a partition, because its log has gone back. What was stored stays.
   *
   * @param former the position of the present incarnation
   * @param firstOffset from where on the log differs from what is stored
   * @param common the last record before that; null if it is unknown
   * @return false if the position has moved since; nothing was done then
   * @throws StorageException if the database doesn't take it now
   */
  boolean startIncarnation(PartitionPosition former, long firstOffset, LogMark common)
      throws StorageException;
}
