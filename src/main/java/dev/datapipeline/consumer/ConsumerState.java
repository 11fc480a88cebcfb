package dev.datapipeline.consumer;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;

/** What is known about the consumer, for health and log. Thread-safe. */
public final class ConsumerState {
  private volatile boolean open;
  private volatile String channelFailure;
  private volatile String lastError;
  private volatile Instant lastErrorAt;
  private volatile Instant lastStoredAt;
  private volatile boolean failing;
  private volatile UUID topicIdAtOpening;

  void opened(UUID topicId) {
    topicIdAtOpening = topicId;
    open = true;
  }

  UUID topicIdAtOpening() {
    return topicIdAtOpening;
  }

  void stored() {
    lastStoredAt = Instant.now();
    failing = false;
  }

  void failed(String reason) {
    lastError = reason;
    lastErrorAt = Instant.now();
    failing = true;
  }

  void channelDied(String reason) {
    channelFailure = reason;
    failed(reason);
  }

  void channelResumed() {
    channelFailure = null;
    failing = false;
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
   * Returns why the channel from the broker is dead.
   *
   * @return empty while it lives
   */
  public Optional<String> channelFailure() {
    return Optional.ofNullable(channelFailure);
  }

  /**
   * Returns whether the last attempt to store a batch failed.
   *
   * @return false again as soon as a batch is stored
   */
  public boolean isFailing() {
    return failing;
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
