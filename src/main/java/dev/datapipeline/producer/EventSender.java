package dev.datapipeline.producer;

import dev.datapipeline.config.SourceConfig;
import dev.datapipeline.source.EventSource;

/** Takes events from a source and sends them to Kafka. Called by one thread at a time. */
interface EventSender {
  /**
   * Asks the source for events and sends them.
   *
   * @param source the source to ask
   * @param config the topic, and how many events to ask for
   * @param results receives the result of each event
   * @return the number of events accepted for sending; acknowledgements may arrive later
   * @throws RuntimeException if the source or a transaction fails
   */
  int send(EventSource source, SourceConfig config, SendResults results);

  /** Releases the connection, if there is one. Nothing is sent after this call. */
  default void stop() {}
}
