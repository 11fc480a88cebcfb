package dev.datapipeline.consumer;

import dev.datapipeline.broker.BrokerUnavailableException;
import dev.datapipeline.broker.TopicLog;
import dev.datapipeline.broker.TopicLog.Holding;
import dev.datapipeline.broker.TopicLog.LogEnd;
import dev.datapipeline.broker.TopicLog.PartitionReader;
import dev.datapipeline.record.Absence;
import dev.datapipeline.record.LogMark;
import dev.datapipeline.record.RecordRange;
import dev.datapipeline.storage.BatchStore;
import dev.datapipeline.storage.MissingRecordsException;
import dev.datapipeline.storage.PartitionPosition;
import dev.datapipeline.storage.StorageException;
import dev.datapipeline.storage.UnconfirmedLogException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.IntPredicate;
import java.util.function.LongSupplier;
import java.util.logging.Logger;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/**
 * Stores each offset of each incarnation of a topic exactly once. Determines which topic the
 * records came from, notices when a log has gone back, and stores records that the database lacks
 * before them.
 */
final class ExactlyOnceStore implements RecordStore {
  private static final Logger LOG = Logger.getLogger(ExactlyOnceStore.class.getName());

  /**
   * So long no leader of a partition may answer but those of earlier epochs than what is stored.
   * After that, they are not leaders that don't know their successor yet: the broker was restored
   * from a copy.
   */
  private static final Duration RESTORED_AFTER = Duration.ofMinutes(5);

  private final List<String> topics;
  private final TopicLog topicLog;
  private final BatchStore database;
  private final Function<String, Map<TopicPartition, Long>> settledPositions;
  private final ConsumerState state;
  private final LongSupplier nanoTime;
  private final TopicOrigins origins;

  /**
   * What a position was compared with, so that it is done once.
   *
   * @param position how far the partition is stored
   * @param end the end of the log that holds the same
   */
  private record Comparison(PartitionPosition position, LogEnd end) {}

  /** The last comparison of each partition. */
  private final Map<TopicPartition, Comparison> comparedAt = new HashMap<>();

  /** Partitions whose log has gone back. Their next deliveries may still be from the former log. */
  private final Set<TopicPartition> suspects = new HashSet<>();

  /** Since when a log could not be compared with what is stored of it. */
  private final Map<TopicPartition, Long> incomparableSince = new HashMap<>();

  /**
   * Creates a store; doesn't connect yet.
   *
   * @param topics the topics' names
   * @param topicLog reads topics outside of the channels
   * @param database stores batches
   * @param settledPositions returns, for a topic, how far the channel has read each assigned
   *     partition whose deliveries are all stored
   * @param state provides the topics' ids at the start, and receives the progress
   * @param nanoTime the clock, such as {@link System#nanoTime()}
   */
  ExactlyOnceStore(
      List<String> topics,
      TopicLog topicLog,
      BatchStore database,
      Function<String, Map<TopicPartition, Long>> settledPositions,
      ConsumerState state,
      LongSupplier nanoTime) {
    this.topics = List.copyOf(topics);
    this.topicLog = topicLog;
    this.database = database;
    this.settledPositions = settledPositions;
    this.state = state;
    this.nanoTime = nanoTime;
    origins = new TopicOrigins(topicLog, state::topicIdAtOpening, nanoTime);
  }

  @Override
  public void store(List<Delivery> deliveries) throws StorageException, InterruptedException {
    List<RecordRange> ranges = new ArrayList<>(deliveries.size());
    origins.begin();
    for (Delivery delivery : deliveries) {
      Optional<RecordRange> range = origins.identify(delivery);
      if (range.isPresent()) {
        if (mayBeFromAnotherLeader(range.get(), ranges)) {
          storeRanges(ranges);
          ranges.clear();
        }
        ranges.addAll(explained(checked(range.get())));
      }
    }
    if (!ranges.isEmpty()) {
      storeRanges(ranges);
    }
    origins.stored();
  }

  /**
   * Returns whether a range may have been written by another leader than the range before it. Its
   * log may have gone back in between, so the range before must be stored when it is checked.
   */
  private static boolean mayBeFromAnotherLeader(RecordRange range, List<RecordRange> before) {
    if (range.records().isEmpty()) {
      return false;
    }
    for (int i = before.size() - 1; i >= 0; i--) {
      RecordRange other = before.get(i);
      List<ConsumerRecord<byte[], byte[]>> records = other.records();
      if (other.topicPartition().equals(range.topicPartition())) {
        return records.isEmpty()
            || !records
                .get(records.size() - 1)
                .leaderEpoch()
                .equals(range.records().get(0).leaderEpoch());
      }
    }
    return false;
  }

  @Override
  public void catchUp(IntPredicate owned) throws StorageException, InterruptedException {
    for (String topic : topics) {
      Map<TopicPartition, Long> positions = new HashMap<>(settledPositions.apply(topic));
      positions.keySet().removeIf(partition -> !owned.test(partition.partition()));
      if (!positions.isEmpty()) {
        catchUp(topic, positions);
      }
    }
  }

  private void catchUp(String topic, Map<TopicPartition, Long> positions)
      throws StorageException, InterruptedException {
    Optional<UUID> topicId = topicLog.idAfter(topic, nanoTime.getAsLong());
    if (topicId.isEmpty()) {
      return;
    }
    Map<TopicPartition, LogEnd> ends = topicLog.ends(topic);
    Map<Integer, PartitionPosition> stored = database.positions(topicId.get());
    List<RecordRange> ranges = new ArrayList<>();
    for (Map.Entry<TopicPartition, Long> entry : positions.entrySet()) {
      TopicPartition partition = entry.getKey();
      long read = entry.getValue();
      LogEnd end = ends.get(partition);
      if (end == null) {
        continue;
      }
      PartitionPosition position = stored.get(partition.partition());
      long next = position == null ? 0 : position.nextOffset();
      RecordRange at =
          new RecordRange(topic, topicId.get(), partition.partition(), read, read, List.of());
      if (position != null && mayHaveGoneBack(partition, position, end)) {
        if (compare(at, position)) {
          comparedAt.put(partition, new Comparison(position, end));
        }
      } else if (next < read && read <= end.offset()) {
        // a position beyond the end belongs to a former topic of this name, or to a former log
        ranges.add(at);
      }
    }
    if (!ranges.isEmpty()) {
      storeRanges(ranges);
    }
  }

  /**
   * Returns whether a log may no longer hold what is stored, although no record tells: it ends
   * before the stored position, or ends there exactly and has another leader than the one that
   * wrote the last stored record.
   */
  private boolean mayHaveGoneBack(
      TopicPartition partition, PartitionPosition position, LogEnd end) {
    LogMark mark = position.mark();
    boolean hasOtherLeader = mark != null && end.leaderEpoch() != mark.leaderEpoch();
    return (end.offset() < position.nextOffset()
            || end.offset() == position.nextOffset() && hasOtherLeader)
        && !new Comparison(position, end).equals(comparedAt.get(partition));
  }

  private void storeRanges(List<RecordRange> ranges) throws StorageException, InterruptedException {
    while (true) {
      try {
        database.store(ranges);
        return;
      } catch (MissingRecordsException e) {
        storeMissing(e, ranges);
      } catch (UnconfirmedLogException e) {
        confirm(e, ranges);
      }
    }
  }

  /** Returns a range, or what stands for it if its partition's log doesn't hold its records. */
  private RecordRange checked(RecordRange range) {
    TopicPartition partition = range.topicPartition();
    if (!suspects.contains(partition) || range.records().isEmpty()) {
      return range;
    }
    try (PartitionReader reader = topicLog.reader(partition)) {
      if (reader.holds(range) == Holding.YES) {
        suspects.remove(partition);
        return range;
      }
      return toBeRead(range, reader);
    }
  }

  /**
   * Returns an empty range up to which the log will be read instead of storing the records of a
   * delivery.
   */
  private static RecordRange toBeRead(RecordRange range, PartitionReader reader) {
    long to = Math.min(range.to(), reader.endOffset());
    LOG.warning(
        "%s-%d: offsets %d to %d were delivered from a log that the broker no longer has, and are read again"
            .formatted(range.topic(), range.partition(), range.from(), range.to() - 1));
    return range.empty(to, to, range.absence());
  }

  /**
   * Returns the parts of a range with the reason for offsets without a record. Between the records
   * of a poll, none was deleted: the broker deletes from the start of the log. Before the first
   * one, records may have been deleted while they waited to be read.
   */
  private List<RecordRange> explained(RecordRange range) {
    if (!range.hasAbsentOffsets() || !origins.isPresent(range)) {
      return List.of(range);
    }
    RecordRange explained =
        topicLog.isCompacted(range.topic()) ? range.withAbsence(Absence.COMPACTION) : range;
    long first = range.firstRecord();
    long deletedTo =
        range.from() < first
            ? Math.min(first, Math.max(range.from(), topicLog.startOffset(range.topicPartition())))
            : first;
    return deletedTo == range.from()
        ? List.of(explained)
        : List.of(
            range.empty(range.from(), deletedTo, Absence.DELETED), explained.startingAt(deletedTo));
  }

  /**
   * Compares a partition's log with what is stored of it. Afterwards the ranges of this partition
   * hold records of its present log only.
   */
  private void confirm(UnconfirmedLogException unconfirmed, List<RecordRange> ranges)
      throws StorageException {
    RecordRange range = unconfirmed.range();
    PartitionPosition position = unconfirmed.position();
    if (!origins.exists(range)) {
      boolean same =
          range.records().stream()
              .filter(record -> record.offset() < position.nextOffset())
              .filter(record -> record.offset() >= position.mark().offset())
              .allMatch(position.mark()::matches);
      if (same) {
        // nothing can be compared any more
        database.confirm(position);
      } else {
        ranges.replaceAll(other -> position.isOf(other) ? origins.disown(other) : other);
      }
      return;
    }
    if (compare(range, position)) {
      database.confirm(position);
    }
    try (PartitionReader reader = topicLog.reader(range.topicPartition())) {
      ranges.replaceAll(
          other ->
              position.isOf(other)
                      && !other.records().isEmpty()
                      && reader.holds(other) != Holding.YES
                  ? toBeRead(other, reader)
                  : other);
    }
  }

  /**
   * Begins a new incarnation of a range's partition if its log has gone back.
   *
   * @return whether the log is still the one that was stored
   */
  private boolean compare(RecordRange range, PartitionPosition position) throws StorageException {
    TopicPartition partition = range.topicPartition();
    long first;
    Optional<LogMark> common;
    try (PartitionReader reader = topicLog.reader(partition)) {
      OptionalLong divergence = divergence(partition, position, reader);
      if (divergence.isEmpty()) {
        return true;
      }
      // a record twice is better than one lost
      common = lastCommonRecord(divergence.getAsLong(), position, reader);
      first = common.isPresent() ? divergence.getAsLong() : reader.startOffset();
    }
    if (origins.exists(range) && database.startIncarnation(position, first, common.orElse(null))) {
      suspects.add(partition);
      LOG.severe(
          ("the log of %s has gone back: the broker no longer holds what was stored from offset %d to"
                  + " %d; what it holds there now is stored as a new incarnation")
              .formatted(partition, first, position.nextOffset() - 1));
    }
    return false;
  }

  private OptionalLong divergence(
      TopicPartition partition, PartitionPosition position, PartitionReader reader) {
    long now = nanoTime.getAsLong();
    boolean restored =
        now - incomparableSince.getOrDefault(partition, now) > RESTORED_AFTER.toNanos();
    LogMark mark =
        position.mark() == null ? LogMark.before(position.nextOffset()) : position.mark();
    try {
      OptionalLong divergence =
          reader.divergence(restored ? mark.withoutLeaderEpoch() : mark, position.nextOffset());
      incomparableSince.remove(partition);
      return divergence;
    } catch (BrokerUnavailableException e) {
      incomparableSince.putIfAbsent(partition, now);
      throw e;
    }
  }

  /** Returns the last record before an offset if it is proven to be stored. */
  private Optional<LogMark> lastCommonRecord(
      long offset, PartitionPosition position, PartitionReader reader) throws StorageException {
    Optional<ConsumerRecord<byte[], byte[]>> before = reader.lastRecordBefore(offset);
    return before.isPresent() && database.holds(position, before.get())
        ? before.map(LogMark::of)
        : Optional.empty();
  }

  /**
   * Stores the records between the database's position and the beginning of a range, or the end of
   * the log if it no longer reaches that far. Afterwards the ranges of this partition are from its
   * present log.
   */
  private void storeMissing(MissingRecordsException missing, List<RecordRange> ranges)
      throws StorageException, InterruptedException {
    RecordRange range = missing.range();
    long next = missing.nextOffset();
    if (!origins.exists(range)) {
      storePart(range.empty(next, range.from(), Absence.TOPIC_DELETED));
      return;
    }
    boolean compacted = topicLog.isCompacted(range.topic());
    try (PartitionReader reader = topicLog.reader(range.topicPartition())) {
      long end = reader.endOffset();
      long stored =
          reader.<StorageException>read(
              next,
              Math.max(next, Math.min(end, range.from())),
              part -> {
                origins.requirePresent(range);
                boolean deleted = part.absence() == Absence.DELETED;
                storePart(
                    part.withTopicId(range.topicId())
                        .withAbsence(compacted && !deleted ? Absence.COMPACTION : part.absence()));
                state.progressed();
              });
      if (stored > 0) {
        LOG.info("%s; read again: %d records".formatted(missing.getMessage(), stored));
      }
      // a former log may have delivered the ranges, and offsets without a record tell nothing
      ranges.replaceAll(
          other ->
              isOfSamePartition(other, range) && reader.holds(other) == Holding.NO
                  ? toBeRead(other, reader)
                  : other);
      origins.requirePresent(range);
    }
  }

  private static boolean isOfSamePartition(RecordRange one, RecordRange other) {
    return one.topicId().equals(other.topicId()) && one.partition() == other.partition();
  }

  private void storePart(RecordRange part) throws StorageException {
    while (true) {
      try {
        database.store(List.of(part));
        return;
      } catch (MissingRecordsException e) {
        throw new IllegalStateException("the database went back while it was caught up", e);
      } catch (UnconfirmedLogException e) {
        if (origins.exists(part) && !compare(part, e.position())) {
          throw new IllegalStateException("the log went back while it was read; read again", e);
        }
        database.confirm(e.position());
      }
    }
  }
}
