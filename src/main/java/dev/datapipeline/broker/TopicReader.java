package dev.datapipeline.broker;

import dev.datapipeline.config.KafkaConfig;
import dev.datapipeline.record.RecordRange;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Reads a part of one partition again, beside the channel and outside of the consumer group: what
 * the channel has passed by and the database does not have. For one thread; close it.
 */
public final class TopicReader implements AutoCloseable {
  private static final Duration POLL = Duration.ofSeconds(5);

  /** Takes one part of what was asked for; the parts come in order, without gaps. */
  public interface RangeHandler {
    void handle(RecordRange range) throws InterruptedException;
  }

  private final KafkaConsumer<byte[], byte[]> consumer;
  private final TopicPartition partition;

  public TopicReader(KafkaConfig config, String isolationLevel, TopicPartition partition) {
    Map<String, Object> properties = new HashMap<>(config.clientProperties());
    properties.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, config.bootstrapServers());
    properties.put(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
    properties.put(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, BoundedDeserializer.class);
    properties.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, isolationLevel);
    properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    properties.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    properties.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
    properties.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 1000);
    properties.put(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, 1 << 20);
    properties.put(ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, 10_000);
    properties.put(ConsumerConfig.CLIENT_ID_CONFIG, "datapipeline-reader-" + partition);
    this.partition = partition;
    consumer = new KafkaConsumer<>(properties);
    consumer.assign(List.of(partition));
  }

  /** Returns the oldest offset that the partition still holds. */
  public long startOffset() {
    return consumer.beginningOffsets(List.of(partition)).get(partition);
  }

  /** Returns the offset behind what can be read now. */
  long endOffset() {
    return consumer.endOffsets(List.of(partition)).get(partition);
  }

  /** Returns whether the partition holds this very record at its offset. */
  public boolean holds(ConsumerRecord<byte[], byte[]> record) {
    if (record.offset() < startOffset() || record.offset() >= endOffset()) {
      return false;
    }
    consumer.seek(partition, record.offset());
    for (ConsumerRecord<byte[], byte[]> found : poll()) {
      return found.offset() == record.offset()
          && found.timestamp() == record.timestamp()
          && Arrays.equals(found.key(), record.key())
          && Arrays.equals(found.value(), record.value());
    }
    return false;
  }

  /**
   * Reads the records from one offset up to another. What the partition does not hold any more is
   * handed over as a range without records.
   *
   * @param from first offset
   * @param to the offset behind the last one
   * @param handler gets the parts; may get somewhat more than was asked for
   */
  public void read(long from, long to, RangeHandler handler) throws InterruptedException {
    long start = Math.min(to, Math.max(from, startOffset()));
    long end = Math.min(to, endOffset());
    if (start > from) {
      handler.handle(range(from, start, List.of()));
    }
    long position = start;
    consumer.seek(partition, position);
    while (position < end) {
      ConsumerRecords<byte[], byte[]> records = poll();
      long next = consumer.position(partition);
      if (next < position) {
        throw new IllegalStateException(partition + " was created again while it was read");
      }
      if (next > position) {
        handler.handle(range(position, next, records.records(partition)));
        position = next;
      }
    }
    if (position < to) {
      // going on would pass by what will be written there
      throw new IllegalStateException(
          "%s ends at offset %d, before offset %d".formatted(partition, position, to));
    }
  }

  private ConsumerRecords<byte[], byte[]> poll() {
    try {
      return consumer.poll(POLL);
    } finally {
      BoundedDeserializer.pollEnded();
    }
  }

  private RecordRange range(long from, long to, List<ConsumerRecord<byte[], byte[]>> records) {
    return new RecordRange(partition.topic(), null, partition.partition(), from, to, records);
  }

  @Override
  public void close() {
    consumer.close(org.apache.kafka.clients.consumer.CloseOptions.timeout(Duration.ofSeconds(1)));
  }
}
