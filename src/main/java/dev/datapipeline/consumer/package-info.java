/**
 * Moves records from the channels to the database, exactly once.
 *
 * <ul>
 *   <li>{@link dev.datapipeline.consumer.EventConsumer} opens, pauses and stops the consumer.
 *   <li>{@code TopicSubscriber} requests batches from a channel and reopens it after an error.
 *   <li>{@code Lane} gathers waiting batches, stores them in one transaction, and retries.
 *   <li>{@code ExactlyOnceStore} determines which topic the records came from, and stores records
 *       that the database lacks before them.
 * </ul>
 *
 * <p>May use {@code connector}, {@code broker}, {@code storage} and {@code tracing}, and the
 * packages that these may use. Used by {@code health}, {@code api} and the class that starts the
 * pipeline.
 */
package dev.datapipeline.consumer;
