/**
 * From the channel to the database, exactly once. {@link dev.datapipeline.consumer.TopicSubscriber}
 * asks a channel for batches and reopens it after an error, {@link dev.datapipeline.consumer.Lane}
 * gathers what waits into one transaction and retries it, and {@link
 * dev.datapipeline.consumer.ExactlyOnceStore} finds out which topic the records came from and what
 * the database lacks before them.
 *
 * <p>May use {@code connector}, {@code broker} and {@code storage}, and what these may use. Used by
 * {@code health}, {@code api}, {@code api.live} and the start.
 */
package dev.datapipeline.consumer;
