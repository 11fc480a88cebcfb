package dev.datapipeline.consumer;

import dev.datapipeline.failure.OutageException;
import dev.datapipeline.storage.StorageException;
import java.util.List;
import java.util.function.IntPredicate;

/** Stores deliveries exactly once. Not thread-safe: each {@link Lane} has its own. */
interface RecordStore {

  /**
   * Stores deliveries in one transaction. Records that the database lacks before them are read
   * again and stored first.
   *
   * @param deliveries one or more; deliveries of the same partition in the order of their offsets
   * @throws StorageException if the database doesn't take them now
   * @throws OutageException if the broker doesn't answer
   */
  void store(List<Delivery> deliveries) throws StorageException, InterruptedException;

  /**
   * Stores records that the channels have read but the database lacks. In a partition without
   * traffic, no delivery reveals such a gap.
   *
   * @param owned whether to compare the partition with this number
   * @throws StorageException if the database doesn't take the records now
   * @throws OutageException if the broker doesn't answer
   */
  void catchUp(IntPredicate owned) throws StorageException, InterruptedException;
}
