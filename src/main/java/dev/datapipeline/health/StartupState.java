package dev.datapipeline.health;

import jakarta.enterprise.context.ApplicationScoped;
import java.util.Optional;

/** The progress of the application's start. Thread-safe. */
@ApplicationScoped
public class StartupState {
  private volatile boolean schemaReady;
  private volatile boolean topicReady;
  private volatile boolean consumerReady;
  private volatile boolean producerReady;
  private volatile String failure;

  /** Records that the database schema is up to date. */
  public void schemaReady() {
    schemaReady = true;
    failure = null;
  }

  /** Records that the topics exist. */
  public void topicReady() {
    topicReady = true;
    failure = null;
  }

  /** Records that the consumer reads or is disabled. */
  public void consumerReady() {
    consumerReady = true;
  }

  /** Records that the producer's timers run or are disabled. */
  public void producerReady() {
    producerReady = true;
  }

  /**
   * Records that a step failed. It may be retried.
   *
   * @param reason one line
   */
  public void failed(String reason) {
    failure = reason;
  }

  boolean isSchemaReady() {
    return schemaReady;
  }

  boolean isTopicReady() {
    return topicReady;
  }

  boolean isConsumerReady() {
    return consumerReady;
  }

  boolean isProducerReady() {
    return producerReady;
  }

  Optional<String> failure() {
    return Optional.ofNullable(failure);
  }
}
