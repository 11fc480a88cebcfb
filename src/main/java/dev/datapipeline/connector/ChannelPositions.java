package dev.datapipeline.connector;

import dev.datapipeline.failure.SteadyClock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.common.TopicPartition;

/**
 * The partitions that the channel of one topic has been assigned, how far it has read each of them,
 * and how many of their batches are not stored yet. Kafka's client creates {@link PartitionBatcher}
 * by reflection, so the two find each other by the topic's name. Thread-safe.
 */
public final class ChannelPositions {
  private static final Map<String, ChannelPositions> BY_TOPIC = new ConcurrentHashMap<>();

  private volatile Map<TopicPartition, Long> positions = Map.of();
  private volatile boolean polling;
  private volatile boolean joined;
  private volatile Instant joiningSince;
  private final Map<TopicPartition, AtomicInteger> outstanding = new ConcurrentHashMap<>();

  ChannelPositions() {}

  /**
   * Returns the positions of the channel that is open for a topic.
   *
   * @param topic the topic's name
   * @return never null
   */
  public static ChannelPositions of(String topic) {
    return BY_TOPIC.computeIfAbsent(topic, any -> new ChannelPositions());
  }

  /**
   * Forgets a channel that has ended. The next one begins with no partition and no position.
   *
   * @param topic the topic's name
   */
  static void forget(String topic) {
    BY_TOPIC.remove(topic);
  }

  /**
   * Returns whether the channel is a member of the group and polls, even if no record arrives.
   *
   * @param patience how long a member may take to join the group again after a change of the group;
   *     until then it reads its partitions
   * @return true from the first assignment and the first successful commit
   */
  public boolean isReading(Duration patience) {
    Instant since = joiningSince;
    return polling
        && joined
        && (since == null || Duration.between(since, SteadyClock.now()).compareTo(patience) < 0);
  }

  /**
   * Returns the partitions that are assigned to the channel.
   *
   * @return a snapshot, at most about a second old while the channel polls
   */
  public Set<TopicPartition> assigned() {
    return positions.keySet();
  }

  /**
   * Returns how far the channel has read each assigned partition whose batches are all stored.
   *
   * @return the offset after the last one that was read, by partition
   */
  public Map<TopicPartition, Long> settled() {
    // read first: batches up to a committed position were counted before it was committed
    Map<TopicPartition, Long> settled = new HashMap<>(positions);
    settled.keySet().removeIf(partition -> counter(partition).get() > 0);
    return settled;
  }

  /** Replaces the assigned partitions and their read positions. */
  void committed(Map<TopicPartition, Long> newPositions) {
    positions = Map.copyOf(newPositions);
    polling = true;
  }

  /** Notes that the consumer asks to join the group, perhaps again and again. */
  void joining() {
    if (joiningSince == null) {
      joiningSince = SteadyClock.now();
    }
  }

  /** Notes that the consumer has been given its partitions, or none, as a standby. */
  void joined() {
    joined = true;
    joiningSince = null;
  }

  /**
   * Counts a batch that is handed over to the connector.
   *
   * @return must be run when the batch is stored; ends the count
   */
  Runnable handedOver(TopicPartition partition) {
    AtomicInteger counter = counter(partition);
    counter.incrementAndGet();
    return counter::decrementAndGet;
  }

  private AtomicInteger counter(TopicPartition partition) {
    return outstanding.computeIfAbsent(partition, any -> new AtomicInteger());
  }

  /**
   * Forgets which batches are not stored. The connector silently drops batches of partitions that
   * were revoked, so they are never reported as stored.
   */
  void assignmentChanged() {
    outstanding.clear();
  }
}
