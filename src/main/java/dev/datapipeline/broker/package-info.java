/**
 * Everything that talks to Kafka beside the channels: {@link dev.datapipeline.broker.Broker} asks
 * about topics, {@link dev.datapipeline.broker.TopicLog} reads parts of a partition again, and
 * {@link dev.datapipeline.broker.KafkaClients} creates every client with the same properties.
 *
 * <p>May use {@code config}, {@code failure} and {@code record}. Used by {@code producer}, {@code
 * connector}, {@code consumer}, {@code health} and the start.
 */
package dev.datapipeline.broker;
