package dev.datapipeline.consumer;

import dev.datapipeline.failure.SteadyClock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/** The consumer's state, for health checks and the log. Thread-safe. */
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

  /** Returns null for a topic that didn't exist. */
  UUID topicIdAtOpening(String topic) {
    return topicIdsAtOpening.get(topic);
  }

  /** Records that a part of a batch was stored. The batch as a whole may still fail. */
  void progressed() {
    lastStoredAt = SteadyClock.now();
  }

  /** Records that a lane has stored its batch. Other lanes may still be failing. */
  void stored(String lane) {
    progressed();
    recovered(lane);
  }

  /** Returns whether any lane has stored something in the last seconds. */
  boolean hasStoredWithin(Duration duration) {
    Instant last = lastStoredAt;
    return last != null && last.isAfter(SteadyClock.now().minus(duration));
  }

  /** Records that a lane works, although it may have had nothing to store. */
  void recovered(String lane) {
    failing.remove(lane);
  }

  void failed(String lane, String reason) {
    lastError = reason;
    lastErrorAt = SteadyClock.now();
    failing.add(lane);
  }

  void channelDied(String topic, String reason) {
    channelFailures.put(topic, reason);
    failed(CHANNEL + topic, reason);
  }

  void channelResumed(String topic) {
    channelFailures.remove(topic);
    failing.remove(CHANNEL + topic);
  }

  synchronized void setPaused(boolean newPaused) {
    paused = newPaused;
    notifyAll();
  }

  /** Blocks while the consumer is paused. */
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
   * Returns whether the consumer was opened, because the schema and the topics exist.
   *
   * @return false before that
   */
  public boolean isOpen() {
    return open;
  }

  /**
   * Returns why a channel from the broker has ended.
   *
   * @return one line; empty while every channel is open
   */
  public Optional<String> channelFailure() {
    return channelFailures.values().stream().findFirst();
  }

  boolean isChannelDead(String topic) {
    return channelFailures.containsKey(topic);
  }

  /**
   * Returns whether a lane's last attempt failed, or a channel has ended.
   *
   * @return false again once every lane works and every channel is open
   */
  public boolean isFailing() {
    return !failing.isEmpty();
  }

  /**
   * Returns the last failure and how long ago it happened.
   *
   * @return one line; empty if there was none
   */
  public Optional<String> lastError() {
    String error = lastError;
    return error == null
        ? Optional.empty()
        : Optional.of(
            "%s (%d s ago)"
                .formatted(error, Duration.between(lastErrorAt, SteadyClock.now()).toSeconds()));
  }

  /**
   * Returns when a batch was last stored.
   *
   * @return by {@link SteadyClock}; empty if none has been stored since the start
   */
  public Optional<Instant> lastStoredAt() {
    return Optional.ofNullable(lastStoredAt);
  }
}
