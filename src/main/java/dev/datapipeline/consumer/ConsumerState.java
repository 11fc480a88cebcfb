package dev.datapipeline.consumer;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/** What is known about the consumer, for health and log. Thread-safe. */
public final class ConsumerState {
  private static final String CHANNEL = "channel of ";

  private volatile boolean open;
  private volatile boolean paused;
  private final Map<String, String> channelFailures = new ConcurrentHashMap<>();
  private volatile String lastError;
  private volatile Instant lastErrorAt;
  private volatile Instant lastStoredAt;
  private final Set<String> failing = ConcurrentHashMap.newKeySet();
  private volatile Map<String, UUID> topicIdsAtOpening = Map.of();

  void opened(Map<String, UUID> topicIds) {
    topicIdsAtOpening = Map.copyOf(topicIds);
    open = true;
  }

  /** Returns null for a topic that was not there. */
  UUID topicIdAtOpening(String topic) {
    return topicIdsAtOpening.get(topic);
  }

  /** Something was stored; the batch of which it is a part may still fail. */
  void progressed() {
    lastStoredAt = Instant.now();
  }

  /**
   * A writer's batch is stored. That of another one may still be failing: its partitions do not
   * move.
   */
  void stored(String writer) {
    progressed();
    failing.remove(writer);
  }

  void failed(String writer, String reason) {
    lastError = reason;
    lastErrorAt = Instant.now();
    failing.add(writer);
  }

  void channelDied(String topic, String reason) {
    channelFailures.put(topic, reason);
    failed(CHANNEL + topic, reason);
  }

  void channelResumed(String topic) {
    channelFailures.remove(topic);
    failing.remove(CHANNEL + topic);
  }

  synchronized void paused(boolean newPaused) {
    paused = newPaused;
    notifyAll();
  }

  /** Returns at once unless the consumer is paused. */
  void awaitResumed() throws InterruptedException {
    if (paused) {
      synchronized (this) {
        while (paused) {
          wait();
        }
      }
    }
  }

  /**
   * Returns whether an operator has paused the consumer.
   *
   * @return true until it is resumed
   */
  public boolean isPaused() {
    return paused;
  }

  /**
   * Returns whether records are asked for: the schema, the topic and the database were ready once.
   *
   * @return true from then on
   */
  public boolean isOpen() {
    return open;
  }

  /**
   * Returns why a channel from the broker is dead.
   *
   * @return empty while each of them lives
   */
  public Optional<String> channelFailure() {
    return channelFailures.values().stream().findFirst();
  }

  boolean isChannelDead(String topic) {
    return channelFailures.containsKey(topic);
  }

  /**
   * Returns whether a writer's last attempt to store a batch failed, or a channel is dead.
   *
   * @return false again as soon as each batch that failed is stored
   */
  public boolean isFailing() {
    return !failing.isEmpty();
  }

  /**
   * Returns the last failure, with its age.
   *
   * @return one line; empty if there was none
   */
  public Optional<String> lastError() {
    String error = lastError;
    return error == null
        ? Optional.empty()
        : Optional.of(
            "%s (%d s ago)"
                .formatted(error, Duration.between(lastErrorAt, Instant.now()).toSeconds()));
  }

  /**
   * Returns when a batch was stored last.
   *
   * @return empty if none was since the start
   */
  public Optional<Instant> lastStoredAt() {
    return Optional.ofNullable(lastStoredAt);
  }
}
