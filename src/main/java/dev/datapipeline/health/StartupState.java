package dev.datapipeline.health;

import jakarta.enterprise.context.ApplicationScoped;
import java.util.Optional;

/** How far the start has come. Thread-safe. */
@ApplicationScoped
public class StartupState {
  private volatile boolean schemaReady;
  private volatile boolean topicReady;
  private volatile boolean consumerReady;
  private volatile boolean producerReady;
  private volatile String failure;

  /** The database's schema is up to date. */
  public void schemaReady() {
    schemaReady = true;
    failure = null;
  }

  /** The topic is there. */
  public void topicReady() {
    topicReady = true;
    failure = null;
  }

  /** The consumer reads, or is not to. */
  public void consumerReady() {
    consumerReady = true;
  }

  /** The producer's timer runs, or is not to. */
  public void producerReady() {
    producerReady = true;
  }

  /**
   * A step failed; it may be tried again.
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
