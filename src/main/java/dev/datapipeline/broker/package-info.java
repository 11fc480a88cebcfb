/**
 * Everything that talks to Kafka beside the channels: {@link dev.datapipeline.broker.Broker} asks
 * about topics, {@link dev.datapipeline.broker.TopicLog} reads parts of a partition again, and
 * {@link dev.datapipeline.broker.KafkaClients} creates every client with the same properties.
 *
 * <p>May use {@code config}, {@code failure} and {@code record}. Used by {@code storage} and every
 * package above it.
 */
package dev.datapipeline.broker;
