/**
 * All access to Kafka outside of the channels.
 *
 * <ul>
 *   <li>{@link dev.datapipeline.broker.KafkaClients} creates every client with the same properties.
 *   <li>{@link dev.datapipeline.broker.Broker} creates and describes topics.
 *   <li>{@link dev.datapipeline.broker.TopicLog} looks up topic ids and reads parts of a partition
 *       again; {@link dev.datapipeline.broker.BacklogScan} reads the records that are not stored
 *       yet.
 *   <li>{@link dev.datapipeline.broker.BoundedDeserializer} limits a poll in bytes.
 * </ul>
 *
 * <p>May use {@code failure}, {@code config} and {@code record}. Used by {@code connector}, {@code
 * consumer}, {@code producer}, {@code health} and the class that starts the pipeline.
 */
package dev.datapipeline.broker;
