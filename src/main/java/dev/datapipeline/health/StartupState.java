package dev.datapipeline.health;

import jakarta.enterprise.context.ApplicationScoped;
import java.util.Optional;

/** The progress of the start. Thread-safe. */
@ApplicationScoped
public class StartupState {
  private volatile boolean schemaReady;
  private volatile boolean topicReady;
  private volatile boolean consumerReady;
  private volatile boolean producerReady;
  private volatile String failure;

  /** Notes that the database schema is up to date. */
  public void schemaReady() {
    schemaReady = true;
    failure = null;
  }

  /** Notes that the topics exist. */
  public void topicReady() {
    topicReady = true;
    failure = null;
  }

  /** Notes that the consumer reads, or is disabled. */
  public void consumerReady() {
    consumerReady = true;
  }

  /** Notes that the producer's timers run, or are disabled. */
  public void producerReady() {
    producerReady = true;
  }

  /**
   * Notes that a step failed. It may be retried.
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
