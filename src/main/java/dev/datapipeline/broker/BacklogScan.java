package dev.datapipeline.broker;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/**
 * Reads the backlog of a topic: the committed records that the database has not stored yet. It uses
 * no consumer group. Each call creates its own consumers, so it is thread-safe.
 */
public final class BacklogScan {
  private static final Duration POLL = Duration.ofMillis(500);

  /**
   * Nothing behind an open transaction can be read, so the scan gives up if it hasn't moved for
   * this time.
   */
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final Function<IsolationLevel, Consumer<byte[], byte[]>> consumers;
  private final LongSupplier nanoTime;

  /**
   * Creates a scan; doesn't connect yet.
   *
   * @param clients creates the consumers
   */
  public BacklogScan(KafkaClients clients) {
    this(isolationLevel -> clients.consumer("backlog", isolationLevel), System::nanoTime);
  }

  BacklogScan(Function<IsolationLevel, Consumer<byte[], byte[]>> consumers, LongSupplier nanoTime) {
    this.consumers = consumers;
    this.nanoTime = nanoTime;
  }

  /**
   * Reads all committed records from the stored offsets up to the present end of the topic. The end
   * includes open transactions of other producers, so the scan waits until they are completed.
   *
   * @param partitions the topic's partitions
   * @param stored the next offset to store, by partition number; a partition without one is read
   *     from its start
   * @param handler receives each record
   * @throws KafkaException if the end is not reached because a transaction stays open
   */
  public void read(
      List<TopicPartition> partitions,
      Map<Integer, Long> stored,
      java.util.function.Consumer<ConsumerRecord<byte[], byte[]>> handler) {
    Map<TopicPartition, Long> ends = ends(partitions);
    try (Consumer<byte[], byte[]> consumer = consumers.apply(IsolationLevel.READ_COMMITTED)) {
      consumer.assign(partitions);
      Map<TopicPartition, Long> starts = consumer.beginningOffsets(partitions);
      for (TopicPartition partition : partitions) {
        long from = Math.max(starts.get(partition), stored.getOrDefault(partition.partition(), 0L));
        consumer.seek(partition, Math.min(from, ends.get(partition)));
      }
      long movedAt = nanoTime.getAsLong();
      while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.get(p))) {
        if (nanoTime.getAsLong() - movedAt > PATIENCE.toNanos()) {
          throw new KafkaException(
              "cannot read topic %s to its end; is there an open transaction?"
                  .formatted(partitions.get(0).topic()));
        }
        long before = position(consumer, partitions);
        poll(consumer).forEach(handler);
        // aborted records move the position, too, although no poll returns them
        if (position(consumer, partitions) != before) {
          movedAt = nanoTime.getAsLong();
        }
      }
    }
  }

  private static long position(Consumer<byte[], byte[]> consumer, List<TopicPartition> partitions) {
    return partitions.stream().mapToLong(consumer::position).sum();
  }

  private static ConsumerRecords<byte[], byte[]> poll(Consumer<byte[], byte[]> consumer) {
    try {
      return consumer.poll(POLL);
    } finally {
      BoundedDeserializer.pollEnded();
    }
  }

  private Map<TopicPartition, Long> ends(List<TopicPartition> partitions) {
    try (Consumer<byte[], byte[]> consumer = consumers.apply(IsolationLevel.READ_UNCOMMITTED)) {
      return consumer.endOffsets(partitions);
    }
  }
}
