package dev.datapipeline.health;

import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.TopicPartition;

/**
 * The partitions that can't be read to their end because a transaction is open, and since when.
 * Nothing behind the beginning of an open transaction can be read, so one that a producer never
 * ends stops the reading. This is no fault of the pipeline, and no lag. Immutable.
 */
final class OpenTransactions {
  static final OpenTransactions NONE = new OpenTransactions(Map.of());

  /**
   * A partition with an open transaction.
   *
   * @param partition the partition
   * @param offset where the reading ends
   * @param waiting the number of offsets from there to the partition's end
   * @param since when the reading ended there
   */
  record OpenTransaction(TopicPartition partition, long offset, long waiting, Instant since) {
    Duration age(Instant now) {
      return Duration.between(since, now);
    }
  }

  private final Map<TopicPartition, OpenTransaction> open;

  private OpenTransactions(Map<TopicPartition, OpenTransaction> open) {
    this.open = open;
  }

  /**
   * Compares a new answer of the broker with the last one.
   *
   * @param topics the offsets of the topics
   * @param now when the answer arrived
   */
  OpenTransactions next(TopicOffsets topics, Instant now) {
    Map<TopicPartition, OpenTransaction> next = new HashMap<>();
    topics
        .highWatermarks()
        .forEach(
            (partition, end) -> {
              long readable = topics.ends().getOrDefault(partition, end);
              if (readable < end) {
                OpenTransaction last = open.get(partition);
                // while the offset moves, one transaction after the other is completed
                boolean same = last != null && last.offset() == readable;
                next.put(
                    partition,
                    new OpenTransaction(
                        partition, readable, end - readable, same ? last.since() : now));
              }
            });
    return new OpenTransactions(Map.copyOf(next));
  }

  /** Returns the transaction that has been open for the longest time. */
  Optional<OpenTransaction> oldest() {
    return open.values().stream().min(Comparator.comparing(OpenTransaction::since));
  }
}
