package dev.datapipeline.broker;

import dev.datapipeline.record.LogMark;
import dev.datapipeline.record.RecordRange;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/**
 * Access to the topics outside of the channels: which topic a name refers to now, and which records
 * a partition holds. Thread-safe. Every method throws {@link BrokerUnavailableException} if the
 * broker doesn't answer.
 */
public interface TopicLog {

  /**
   * Returns the id that a topic had at some moment after another one. A topic may be deleted and
   * created again at any time, and a consumer that keeps reading may not notice. So an id that was
   * looked up before the consumer last learned it proves nothing about what it has read since.
   *
   * @param topic the topic's name
   * @param nanos the moment, by {@link System#nanoTime()}
   * @return empty if the topic doesn't exist any more
   */
  Optional<UUID> idAfter(String topic, long nanos);

  /**
   * Returns where the log of each partition ends now.
   *
   * @param topic the topic's name
   * @return the end of each partition; empty if there is no such topic
   */
  Map<TopicPartition, LogEnd> ends(String topic);

  /**
   * Returns the oldest offset that a partition still holds.
   *
   * @param partition an existing partition
   */
  long startOffset(TopicPartition partition);

  /**
   * Returns whether compaction may remove records of a topic.
   *
   * @param topic the topic's name
   * @return the topic's setting of the last minutes
   */
  boolean isCompacted(String topic);

  /**
   * Opens a reader of one partition, outside of the consumer group.
   *
   * @param partition an existing partition
   * @return a reader that the caller must close
   */
  PartitionReader reader(TopicPartition partition);

  /**
   * The end of a partition's log.
   *
   * @param offset the offset after the last record that can be read
   * @param leaderEpoch the epoch of the present leader, which may not have written a record yet; -1
   *     if it is unknown
   */
  record LogEnd(long offset, int leaderEpoch) {}

  /** Whether a partition holds a record. */
  enum Holding {
    YES,
    NO,
    /** Some of the records are too old to be in the log, and the others are there. */
    UNKNOWN
  }

  /** Reads one partition. Not thread-safe. */
  interface PartitionReader extends AutoCloseable {

    /** Returns the oldest offset that the partition still holds. */
    long startOffset();

    /** Returns the offset after the last record that can be read now. */
    long endOffset();

    /**
     * Returns whether the partition holds exactly these records at their offsets.
     *
     * @param range compared by the offsets, timestamps, keys and values of its records
     */
    Holding holds(RecordRange range);

    /**
     * Compares the log with what is stored of it. A leader that has been replaced while it hung, or
     * was cut off from the other brokers, may not know it yet, and its log is shorter. So a leader
     * of an earlier epoch than the mark's is not asked.
     *
     * @param mark the last record that is stored; without an epoch, any leader is asked
     * @param nextOffset the offset of the next record to store
     * @return from which offset on the log may differ from what is stored; empty if it holds the
     *     same, or nothing of it any more
     */
    OptionalLong divergence(LogMark mark, long nextOffset);

    /**
     * Returns the last record before an offset.
     *
     * @param offset any offset
     * @return empty if there is none close to it
     */
    Optional<ConsumerRecord<byte[], byte[]>> lastRecordBefore(long offset);

    /**
     * Reads the records from one offset up to another. Offsets that the partition no longer holds
     * are passed to the handler as a range of deleted records.
     *
     * @param from the first offset
     * @param to the offset after the last one
     * @param handler receives the parts in order, without gaps; the last part may extend beyond
     *     {@code to}
     * @return the number of records that the handler received
     * @throws IllegalStateException if the partition ends before {@code to}
     */
    <E extends Exception> long read(long from, long to, RangeHandler<E> handler)
        throws E, InterruptedException;

    @Override
    void close();
  }

  /** Receives the parts of a range that is being read. */
  @FunctionalInterface
  interface RangeHandler<E extends Exception> {
    /**
     * Handles one part.
     *
     * @param range without a topic id
     */
    void handle(RecordRange range) throws E, InterruptedException;
  }
}
