/**
 * Sends the events of the sources to Kafka.
 *
 * <p>{@code EventTimer} has a timer per source. At each tick a {@code SourceDriver} asks its source
 * for events and passes them to an {@code EventSender}. Most sources send through {@code
 * EventPublisher}, the channel {@code events-out}; resumable sources send through {@code
 * TransactionalSender}. {@code ProducerControl} lets an operator pause sources and change them.
 *
 * <p>May use {@code source} and every package below it. Used by {@code health}, {@code api}, {@code
 * api.intake} and the class that starts the pipeline. The producer and the consumer don't know each
 * other: they share only the topic and the database.
 */
package dev.datapipeline.producer;
