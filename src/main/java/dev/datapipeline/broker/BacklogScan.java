package dev.datapipeline.broker;

import dev.datapipeline.config.KafkaConfig;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Reads the backlog of a topic: the committed records that the database has not stored yet. It uses
 * no consumer group. Each call creates its own consumers, so it is thread-safe.
 */
public final class BacklogScan {
  private static final Duration POLL = Duration.ofMillis(500);

  /** Nothing behind an open transaction can be read, so the scan gives up after this time. */
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final Function<IsolationLevel, Consumer<byte[], byte[]>> consumers;
  private final Duration patience;

  /**
   * Connects to nothing yet.
   *
   * @param kafka the broker to read from
   */
  public BacklogScan(KafkaConfig kafka) {
    this(isolationLevel -> new KafkaConsumer<>(properties(kafka, isolationLevel)), PATIENCE);
  }

  BacklogScan(Function<IsolationLevel, Consumer<byte[], byte[]>> consumers, Duration patience) {
    this.consumers = consumers;
    this.patience = patience;
  }

  private static Map<String, Object> properties(KafkaConfig kafka, IsolationLevel isolationLevel) {
    Map<String, Object> properties = kafka.commonProperties();
    properties.put(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
    properties.put(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
    properties.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, isolationLevel.toString());
    properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    properties.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    properties.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
    properties.put(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, 1 << 20);
    properties.put(ConsumerConfig.FETCH_MAX_BYTES_CONFIG, 4 << 20);
    properties.put(ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, 10_000);
    return properties;
  }

  /**
   * Reads all committed records from the stored offsets up to the present end of the topic. The end
   * includes open transactions of other producers, so the scan waits until they are completed.
   *
   * @param partitions the topic's partitions
   * @param stored the next offset to store, by partition number; a partition without one is read
   *     from its start
   * @param handler gets each record
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
      long deadline = System.nanoTime() + patience.toNanos();
      while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.get(p))) {
        if (System.nanoTime() > deadline) {
          throw new KafkaException(
              "cannot read topic %s to its end; is there an open transaction?"
                  .formatted(partitions.get(0).topic()));
        }
        boolean progress = false;
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
          progress = true;
          handler.accept(record);
        }
        deadline = progress ? System.nanoTime() + patience.toNanos() : deadline;
      }
    }
  }

  private Map<TopicPartition, Long> ends(List<TopicPartition> partitions) {
    try (Consumer<byte[], byte[]> consumer = consumers.apply(IsolationLevel.READ_UNCOMMITTED)) {
      return consumer.endOffsets(partitions);
    }
  }
}
