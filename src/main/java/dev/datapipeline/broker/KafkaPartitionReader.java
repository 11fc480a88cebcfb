package dev.datapipeline.broker;

import dev.datapipeline.broker.TopicLog.PartitionReader;
import dev.datapipeline.broker.TopicLog.RangeHandler;
import dev.datapipeline.record.OversizedRecord;
import dev.datapipeline.record.RecordRange;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/** Reads one partition with its own consumer. Not thread-safe. */
final class KafkaPartitionReader implements PartitionReader {
  private static final Duration POLL = Duration.ofSeconds(5);

  private final Consumer<byte[], byte[]> consumer;
  private final TopicPartition partition;
  private final long maxRecordBytes;

  /**
   * Creates a reader that owns a consumer.
   *
   * @param consumer has no subscription yet; closed with this reader
   * @param partition the partition to read
   * @param maxRecordBytes larger records are read without their bytes
   */
  KafkaPartitionReader(
      Consumer<byte[], byte[]> consumer, TopicPartition partition, long maxRecordBytes) {
    this.consumer = consumer;
    this.partition = partition;
    this.maxRecordBytes = maxRecordBytes;
    consumer.assign(List.of(partition));
  }

  @Override
  public long startOffset() {
    return ask(() -> consumer.beginningOffsets(List.of(partition)).get(partition));
  }

  private long endOffset() {
    return ask(() -> consumer.endOffsets(List.of(partition)).get(partition));
  }

  @Override
  public boolean holds(ConsumerRecord<byte[], byte[]> record) {
    if (record.offset() < startOffset() || record.offset() >= endOffset()) {
      return false;
    }
    consumer.seek(partition, record.offset());
    for (ConsumerRecord<byte[], byte[]> found : records(poll())) {
      return found.offset() == record.offset()
          && found.timestamp() == record.timestamp()
          && found.serializedKeySize() == record.serializedKeySize()
          && found.serializedValueSize() == record.serializedValueSize()
          && Arrays.equals(found.key(), record.key())
          && Arrays.equals(found.value(), record.value());
    }
    return false;
  }

  @Override
  public <E extends Exception> long read(long from, long to, RangeHandler<E> handler)
      throws E, InterruptedException {
    long start = Math.min(to, Math.max(from, startOffset()));
    long end = Math.min(to, endOffset());
    if (start > from) {
      handler.handle(range(from, start, List.of()));
    }
    long read = 0;
    long position = start;
    consumer.seek(partition, position);
    while (position < end) {
      ConsumerRecords<byte[], byte[]> records = poll();
      long next = ask(() -> consumer.position(partition));
      if (next < position) {
        throw new IllegalStateException(partition + " was created again while it was read");
      }
      if (next > position) {
        handler.handle(range(position, next, records(records)));
        read += records.count();
        position = next;
      }
    }
    if (position < to) {
      // moving on would skip what will be written there
      throw new IllegalStateException(
          "%s ends at offset %d, before offset %d".formatted(partition, position, to));
    }
    return read;
  }

  private ConsumerRecords<byte[], byte[]> poll() {
    try {
      return ask(() -> consumer.poll(POLL));
    } finally {
      BoundedDeserializer.pollEnded();
    }
  }

  private List<ConsumerRecord<byte[], byte[]>> records(ConsumerRecords<byte[], byte[]> polled) {
    return OversizedRecord.replaceIn(polled.records(partition), maxRecordBytes);
  }

  private static <T> T ask(Supplier<T> question) {
    try {
      return question.get();
    } catch (KafkaException e) {
      throw new BrokerUnavailableException(e);
    }
  }

  private RecordRange range(long from, long to, List<ConsumerRecord<byte[], byte[]>> records) {
    return new RecordRange(partition.topic(), null, partition.partition(), from, to, records);
  }

  @Override
  public void close() {
    consumer.close(CloseOptions.timeout(Duration.ofSeconds(1)));
  }
}
