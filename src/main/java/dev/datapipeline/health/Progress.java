package dev.datapipeline.health;

import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.apache.kafka.common.TopicPartition;

/**
 * The number of records of each partition that are not stored yet, and when its position last
 * moved. Each partition has its own clock, so that a moving partition doesn't hide a stalled one.
 * Immutable.
 */
final class Progress {

  /**
   * The progress of one partition.
   *
   * @param nextOffset the offset of the next record to store
   * @param lag the number of offsets that can be read but are not stored
   * @param movedAt when the position last moved, or when there was last nothing to store, or when
   *     the partition was assigned to this instance
   * @param assigned whether it is assigned to this instance
   * @param topicId the id of its topic; null while it is unknown
   * @param arrivals when the records arrived that are not stored
   */
  private record Partition(
      long nextOffset,
      long lag,
      Instant movedAt,
      boolean assigned,
      UUID topicId,
      Arrivals arrivals) {}

  static final Progress UNKNOWN = new Progress(Map.of());

  private final Map<TopicPartition, Partition> partitions;

  private Progress(Map<TopicPartition, Partition> partitions) {
    this.partitions = partitions;
  }

  /**
   * Compares new answers of the broker and the database with the last ones.
   *
   * @param topics the offsets of the topics
   * @param stored the stored positions of their partitions
   * @param assigned the partitions of this instance
   * @param now when the answers arrived
   */
  Progress next(
      TopicOffsets topics, StoredPositions stored, Set<TopicPartition> assigned, Instant now) {
    Map<TopicPartition, Partition> next = new HashMap<>();
    topics
        .ends()
        .forEach(
            (partition, end) -> {
              long start = topics.starts().getOrDefault(partition, 0L);
              UUID id = topics.ids().get(partition.topic());
              Long position = stored.nextOffset(id, partition.partition());
              long nextOffset = position == null ? start : position;
              // offsets below the start can't be read any more
              long lag = Math.max(0, end - Math.max(nextOffset, start));
              boolean mine = assigned.contains(partition);
              Partition last = partitions.get(partition);
              boolean stalled =
                  last != null
                      && lag > 0
                      && last.nextOffset() == nextOffset
                      && last.lag() > 0
                      && last.assigned() == mine;
              Arrivals arrivals =
                  last != null && Objects.equals(last.topicId(), id)
                      ? last.arrivals()
                      : Arrivals.NONE;
              next.put(
                  partition,
                  new Partition(
                      nextOffset,
                      lag,
                      stalled ? last.movedAt() : now,
                      mine,
                      id,
                      arrivals.next(end - lag, end, now)));
            });
    return new Progress(Map.copyOf(next));
  }

  /** Returns the lag of each partition, in records. */
  Map<TopicPartition, Long> lag() {
    Map<TopicPartition, Long> lag = new HashMap<>();
    partitions.forEach((partition, state) -> lag.put(partition, state.lag()));
    return lag;
  }

  /**
   * Returns for how long the oldest record of each partition that is not stored has been there, at
   * least; zero if all are stored.
   *
   * @param now the current time
   */
  Map<TopicPartition, Duration> oldestUnstored(Instant now) {
    Map<TopicPartition, Duration> ages = new HashMap<>();
    partitions.forEach(
        (partition, state) ->
            ages.put(
                partition,
                state
                    .arrivals()
                    .oldest()
                    .map(since -> Duration.between(since, now))
                    .orElse(Duration.ZERO)));
    return ages;
  }

  /**
   * Returns a partition of this instance that has lag but whose position doesn't move.
   *
   * @param timeout how long the position must have been unchanged
   * @param now the current time
   * @return empty if every partition moves or has nothing to store
   */
  Optional<TopicPartition> stalled(Duration timeout, Instant now) {
    return partitions.entrySet().stream()
        .filter(entry -> entry.getValue().assigned() && entry.getValue().lag() > 0)
        .filter(entry -> entry.getValue().movedAt().plus(timeout).isBefore(now))
        .map(Map.Entry::getKey)
        .findFirst();
  }
}
