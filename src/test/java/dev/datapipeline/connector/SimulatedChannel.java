package dev.datapipeline.connector;

import dev.datapipeline.broker.BoundedDeserializer;
import dev.datapipeline.broker.SimulatedBroker;
import dev.datapipeline.broker.SimulatedBroker.Fetch;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.LongSupplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/**
 * A channel of the connector whose consumer is a member of the simulated group. Runs the real
 * {@link PartitionBatcher}. For one thread.
 */
public final class SimulatedChannel {
  private final SimulatedBroker broker;
  private final ChannelPositions state;
  private final PartitionBatcher batcher;
  private final Map<TopicPartition, Long> positions = new HashMap<>();
  private final Deque<PartitionBatch> polled = new ArrayDeque<>();
  private Optional<UUID> topicId = Optional.empty();
  private long assignments;
  private int generation = -1;

  /**
   * Opens a channel, and forgets an earlier one of the same name.
   *
   * @param name tells the instances of a simulation apart
   */
  public SimulatedChannel(SimulatedBroker broker, String name, LongSupplier nanoTime) {
    this.broker = broker;
    batcher = new PartitionBatcher(() -> assignments, nanoTime);
    ChannelPositions.forget(name);
    state = ChannelPositions.of(name);
    batcher.configure(
        Map.of(PartitionBatcher.TOPIC, name, BoundedDeserializer.MAX_RECORD_BYTES, Long.MAX_VALUE));
  }

  /** Polls the broker. A member that doesn't join knows nothing of the present generation. */
  public void poll(boolean join) {
    if (!broker.isServing()) {
      return;
    }
    if (join) {
      join();
    }
    if (!broker.topicId().equals(topicId)) {
      // the broker refuses the former id, so the consumer asks for the metadata
      topicId = broker.topicId();
      batcher.onUpdate(null);
    }
    Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> records = new HashMap<>();
    Map<TopicPartition, OffsetAndMetadata> next = new HashMap<>();
    positions.replaceAll(
        (partition, position) -> {
          Fetch fetch = broker.fetch(partition.partition(), position);
          if (!fetch.records().isEmpty()) {
            records.put(partition, fetch.records());
          }
          if (fetch.next() != position) {
            next.put(partition, new OffsetAndMetadata(fetch.next()));
          }
          return fetch.next();
        });
    if (!next.isEmpty()) {
      batcher
          .onConsume(new ConsumerRecords<>(records, next))
          .forEach(batch -> polled.add((PartitionBatch) batch));
    }
  }

  /** Learns the partitions of the present generation. Batches of the others are dropped. */
  private void join() {
    if (generation != broker.generation()) {
      Set<TopicPartition> assigned = broker.assignedTo(this);
      polled.removeIf(
          batch -> !assigned.contains(new TopicPartition(batch.topic(), batch.partition())));
      positions.keySet().retainAll(assigned);
      assigned.forEach(
          partition -> positions.computeIfAbsent(partition, any -> broker.committed(partition)));
      generation = broker.generation();
      assignments++;
    }
  }

  /** Commits the positions, unless the group has a newer generation. */
  public void commit() {
    if (broker.isServing() && generation == broker.generation()) {
      broker.commit(positions);
      Map<TopicPartition, OffsetAndMetadata> committed = new HashMap<>();
      positions.forEach(
          (partition, position) -> committed.put(partition, new OffsetAndMetadata(position)));
      batcher.onCommit(committed);
    }
  }

  /** Returns the next batch that was polled. */
  public Optional<PartitionBatch> next() {
    return Optional.ofNullable(polled.poll());
  }

  /** Returns how far each partition has been read whose batches are all stored. */
  public Map<TopicPartition, Long> settled() {
    return state.settled();
  }
}
