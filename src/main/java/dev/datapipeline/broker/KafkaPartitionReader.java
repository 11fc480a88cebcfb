package dev.datapipeline.broker;

import dev.datapipeline.broker.TopicLog.Holding;
import dev.datapipeline.broker.TopicLog.PartitionReader;
import dev.datapipeline.broker.TopicLog.RangeHandler;
import dev.datapipeline.record.Absence;
import dev.datapipeline.record.LogMark;
import dev.datapipeline.record.OversizedRecord;
import dev.datapipeline.record.RecordRange;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.LogTruncationException;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/** Reads one partition with its own consumer. Not thread-safe. */
final class KafkaPartitionReader implements PartitionReader {
  private static final Duration POLL = Duration.ofSeconds(5);
  private static final int LOOK_BACK = 1000;

  private final Consumer<byte[], byte[]> consumer;
  private final TopicPartition partition;
  private final long maxRecordBytes;
  private final BooleanSupplier isCompacted;

  /**
   * Creates a reader that owns a consumer.
   *
   * @param consumer has no subscription yet; closed with this reader
   * @param partition the partition to read
   * @param maxRecordBytes larger records are read without their bytes
   * @param isCompacted tells whether compaction may remove records of the topic
   */
  KafkaPartitionReader(
      Consumer<byte[], byte[]> consumer,
      TopicPartition partition,
      long maxRecordBytes,
      BooleanSupplier isCompacted) {
    this.consumer = consumer;
    this.partition = partition;
    this.maxRecordBytes = maxRecordBytes;
    this.isCompacted = isCompacted;
    consumer.assign(List.of(partition));
  }

  @Override
  public long startOffset() {
    return ask(() -> consumer.beginningOffsets(List.of(partition)).get(partition));
  }

  @Override
  public long endOffset() {
    return ask(() -> consumer.endOffsets(List.of(partition)).get(partition));
  }

  @Override
  public Holding holds(RecordRange range) {
    long position = Math.max(range.from(), startOffset());
    if (range.to() > endOffset()) {
      return Holding.NO;
    }
    Map<Long, ConsumerRecord<byte[], byte[]>> wanted = new HashMap<>();
    range.records().forEach(record -> wanted.put(record.offset(), record));
    consumer.seek(partition, position);
    while (position < range.to()) {
      for (ConsumerRecord<byte[], byte[]> found : records(pollBeyond(position))) {
        ConsumerRecord<byte[], byte[]> record = wanted.remove(found.offset());
        // a record that the range lacks would have been delivered with it
        if (found.offset() < range.to() && (record == null || !isSame(found, record))) {
          return Holding.NO;
        }
      }
      position = position();
    }
    return wanted.isEmpty() ? Holding.YES : Holding.UNKNOWN;
  }

  private static boolean isSame(
      ConsumerRecord<byte[], byte[]> one, ConsumerRecord<byte[], byte[]> other) {
    return one.offset() == other.offset()
        && one.timestamp() == other.timestamp()
        && one.serializedKeySize() == other.serializedKeySize()
        && one.serializedValueSize() == other.serializedValueSize()
        && Arrays.equals(one.key(), other.key())
        && Arrays.equals(one.value(), other.value());
  }

  @Override
  public OptionalLong divergence(LogMark mark, long nextOffset) {
    long start = startOffsetSince(mark.leaderEpoch());
    long end = endOffset();
    boolean found = false;
    boolean same = false;
    OptionalLong inserted = OptionalLong.empty();
    long position = Math.max(start, mark.offset());
    consumer.seek(partition, position);
    while (position < Math.min(end, nextOffset)) {
      for (ConsumerRecord<byte[], byte[]> record : records(pollBeyond(position))) {
        if (record.offset() == mark.offset()) {
          found = true;
          same = mark.matches(record);
        } else if (record.offset() < nextOffset) {
          // what was stored held no record between its last one and the position
          inserted = OptionalLong.of(mark.offset() + 1);
        }
      }
      position = position();
    }
    if (same) {
      return inserted.isEmpty() && end < nextOffset ? OptionalLong.of(end) : inserted;
    }
    OptionalLong cutOff = start <= mark.offset() + 1 ? cutOff(mark) : OptionalLong.empty();
    boolean removed = !found && inserted.isEmpty() && end >= nextOffset && mayLack(mark, start);
    // leader epochs may be used again after a restore
    return cutOff.isPresent() || removed
        ? cutOff.stream().map(offset -> Math.max(start, offset)).findFirst()
        : OptionalLong.of(start);
  }

  /** Otherwise the offset belongs to a marker or to an aborted transaction of another log now. */
  private boolean mayLack(LogMark mark, long start) {
    return !mark.isOfRecord() || mark.offset() < start || isCompacted.getAsBoolean();
  }

  /**
   * Returns the start offset, and asks no leader of an earlier epoch from now on: Kafka's client
   * passes over metadata that are older than an epoch that it was told.
   */
  private long startOffsetSince(int leaderEpoch) {
    long start = startOffset();
    if (leaderEpoch < 0) {
      return start;
    }
    // only now the client knows an epoch that this one can replace
    consumer.seek(partition, new OffsetAndMetadata(0, Optional.of(leaderEpoch), ""));
    try {
      return startOffset();
    } catch (BrokerUnavailableException e) {
      throw new BrokerUnavailableException(
          "%s has no leader that answers, or only one of an earlier epoch than %d: %s"
              .formatted(partition, leaderEpoch, e.getMessage()));
    }
  }

  /**
   * Returns from where on the log lacks what the leader of the mark's epoch had written, as
   * consumers find out themselves (KIP-320).
   */
  private OptionalLong cutOff(LogMark mark) {
    if (mark.leaderEpoch() < 0) {
      return OptionalLong.empty();
    }
    try {
      consumer.seek(
          partition, new OffsetAndMetadata(mark.offset() + 1, Optional.of(mark.leaderEpoch()), ""));
      consumer.position(partition);
      return OptionalLong.empty();
    } catch (LogTruncationException e) {
      OffsetAndMetadata end = e.divergentOffsets().get(partition);
      // an earlier epoch's end tells only that the mark's epoch is gone as a whole
      boolean exact = end != null && end.leaderEpoch().equals(Optional.of(mark.leaderEpoch()));
      return OptionalLong.of(exact ? end.offset() : 0);
    } catch (KafkaException e) {
      throw new BrokerUnavailableException(e);
    }
  }

  @Override
  public Optional<ConsumerRecord<byte[], byte[]>> lastRecordBefore(long offset) {
    long position = Math.max(startOffset(), offset - LOOK_BACK);
    long end = Math.min(offset, endOffset());
    ConsumerRecord<byte[], byte[]> last = null;
    consumer.seek(partition, position);
    while (position < end) {
      for (ConsumerRecord<byte[], byte[]> record : records(pollBeyond(position))) {
        if (record.offset() < offset) {
          last = record;
        }
      }
      position = position();
    }
    return Optional.ofNullable(last);
  }

  @Override
  public <E extends Exception> long read(long from, long to, RangeHandler<E> handler)
      throws E, InterruptedException {
    long start = Math.min(to, Math.max(from, startOffset()));
    long end = Math.min(to, endOffset());
    if (start > from) {
      handler.handle(range(from, start, List.of()).withAbsence(Absence.DELETED));
    }
    long read = 0;
    long position = start;
    consumer.seek(partition, position);
    while (position < end) {
      ConsumerRecords<byte[], byte[]> records = pollBeyond(position);
      long next = position();
      handler.handle(range(position, next, records(records)));
      read += records.count();
      position = next;
    }
    if (position < to) {
      // moving on would skip what will be written there
      throw new IllegalStateException(
          "%s ends at offset %d, before offset %d".formatted(partition, position, to));
    }
    return read;
  }

  private long position() {
    return ask(() -> consumer.position(partition));
  }

  /** Polls before the end of the log, where a poll must bring something. */
  private ConsumerRecords<byte[], byte[]> pollBeyond(long position) {
    ConsumerRecords<byte[], byte[]> records = poll();
    if (position() == position) {
      throw new BrokerUnavailableException(
          "%s was not read from offset %d within %d s"
              .formatted(partition, position, POLL.toSeconds()));
    }
    return records;
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
