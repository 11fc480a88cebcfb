package dev.datapipeline.storage;

import dev.datapipeline.record.RecordRange;
import java.util.List;

/** Stores batches of records exactly once. Thread-safe. */
public interface BatchStore {

  /**
   * Stores a batch and returns when it is committed. Records below the position of their partition
   * are already stored and are skipped.
   *
   * @param batch ranges with topic ids; ranges of the same partition in the order of their offsets
   * @throws MissingRecordsException if a range begins after its partition's position; nothing is
   *     stored
   * @throws StorageException if the database doesn't take the batch now. Either nothing is stored
   *     or the outcome is unknown; in both cases the same batch can be stored again.
   */
  void store(List<RecordRange> batch) throws MissingRecordsException, StorageException;
}
