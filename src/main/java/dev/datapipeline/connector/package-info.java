/**
 * Everything that exists only because of how the connector {@code liberty-kafka} works. Remove it
 * when the connector delivers batches, tells which partitions are assigned, and reopens a failed
 * channel:
 *
 * <ul>
 *   <li>{@link dev.datapipeline.connector.PartitionBatcher} and {@link
 *       dev.datapipeline.connector.PartitionBatch}: the connector delivers one message per record,
 *       which costs more than storing it. They deliver one message per poll and partition.
 *   <li>{@link dev.datapipeline.connector.AssignmentObserver}: the connector keeps its rebalance
 *       listener to itself.
 *   <li>{@link dev.datapipeline.connector.ChannelPositions}: the connector doesn't tell which
 *       partitions are assigned and how far they are read.
 *   <li>{@link dev.datapipeline.connector.ChannelFactory}: a channel ends at its first error, and
 *       the container connects channels only when the application starts.
 *   <li>{@link dev.datapipeline.connector.OutgoingChannel}: the connector keeps a producer that can
 *       never send again.
 * </ul>
 *
 * <p>May use {@code failure}, {@code config}, {@code record} and {@code broker}. Used by {@code
 * producer} and {@code consumer} only.
 */
package dev.datapipeline.connector;
