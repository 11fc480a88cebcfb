package dev.datapipeline.consumer;

import dev.datapipeline.broker.TopicLog;
import dev.datapipeline.broker.TopicLog.PartitionReader;
import dev.datapipeline.record.RecordRange;
import dev.datapipeline.storage.BatchStore;
import dev.datapipeline.storage.MissingRecordsException;
import dev.datapipeline.storage.StorageException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.IntPredicate;
import java.util.logging.Logger;
import org.apache.kafka.common.TopicPartition;

/**
 * Stores each offset of each incarnation of a topic exactly once. Determines which topic the
 * records came from, and stores records that the database lacks before them.
 */
final class ExactlyOnceStore implements RecordStore {
  private static final Logger LOG = Logger.getLogger(ExactlyOnceStore.class.getName());

  private final List<String> topics;
  private final TopicLog topicLog;
  private final BatchStore database;
  private final Function<String, Map<TopicPartition, Long>> settledPositions;
  private final ConsumerState state;

  /** The id of the topic that the last records of a partition came from. */
  private final Map<TopicPartition, UUID> origins = new HashMap<>();

  /**
   * Creates a store; doesn't connect yet.
   *
   * @param topics the topics' names
   * @param topicLog reads topics outside of the channels
   * @param database stores batches
   * @param settledPositions returns, for a topic, how far the channel has read each assigned
   *     partition whose deliveries are all stored
   * @param state provides the topics' ids at the start, and receives the progress
   */
  ExactlyOnceStore(
      List<String> topics,
      TopicLog topicLog,
      BatchStore database,
      Function<String, Map<TopicPartition, Long>> settledPositions,
      ConsumerState state) {
    this.topics = List.copyOf(topics);
    this.topicLog = topicLog;
    this.database = database;
    this.settledPositions = settledPositions;
    this.state = state;
  }

  @Override
  public void store(List<Delivery> deliveries) throws StorageException, InterruptedException {
    List<RecordRange> ranges = identify(deliveries);
    if (!ranges.isEmpty()) {
      storeRanges(ranges);
    }
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
    Optional<UUID> topicId = topicLog.idAfter(topic, System.nanoTime());
    if (topicId.isEmpty()) {
      return;
    }
    Map<TopicPartition, Long> ends = topicLog.endOffsets(topic);
    List<RecordRange> ranges = new ArrayList<>();
    positions.forEach(
        (partition, position) -> {
          // a position beyond the end belongs to a former topic of this name
          if (position <= ends.getOrDefault(partition, -1L)) {
            ranges.add(
                new RecordRange(
                    topic, topicId.get(), partition.partition(), position, position, List.of()));
          }
        });
    if (!ranges.isEmpty()) {
      storeRanges(ranges);
    }
  }

  private void storeRanges(List<RecordRange> ranges) throws StorageException, InterruptedException {
    while (true) {
      try {
        database.store(ranges);
        return;
      } catch (MissingRecordsException e) {
        storeMissing(e);
      }
    }
  }

  /** Returns the deliveries' ranges, each with the id of the topic that its records came from. */
  private List<RecordRange> identify(List<Delivery> deliveries) {
    List<RecordRange> ranges = new ArrayList<>(deliveries.size());
    long arrivedAt = deliveries.get(deliveries.size() - 1).arrivedAtNanos();
    for (Delivery delivery : deliveries) {
      TopicPartition partition = delivery.partition();
      Optional<UUID> now = topicLog.idAfter(partition.topic(), arrivedAt);
      UUID origin = origins.getOrDefault(partition, state.topicIdAtOpening(partition.topic()));
      if (now.isPresent() && !now.get().equals(origin)) {
        if (delivery.range().records().isEmpty()) {
          // It is unknown which of the two topics the range is from. If it is the new one, catchUp
          // reads it again.
          LOG.fine("skipped, because its topic is unknown: " + delivery.range());
          continue;
        }
        origin = originOf(delivery.range(), partition, origin, now.get());
      }
      origins.put(partition, origin);
      ranges.add(delivery.range().withTopicId(origin));
    }
    return ranges;
  }

  /**
   * Determines which of two topics with the same name a range came from. After the first record of
   * the new topic, all later records of the partition are from the new topic, too.
   */
  private UUID originOf(RecordRange range, TopicPartition partition, UUID before, UUID now) {
    try (PartitionReader reader = topicLog.reader(partition)) {
      if (!reader.holds(range.records().get(0))) {
        return before;
      }
    }
    LOG.warning(
        "topic %s was deleted and created again; its records are stored as those of a new topic, id %s"
            .formatted(partition.topic(), now));
    return now;
  }

  /** Stores the records between the database's position and the beginning of a range. */
  private void storeMissing(MissingRecordsException missing)
      throws StorageException, InterruptedException {
    RecordRange range = missing.range();
    TopicPartition partition = new TopicPartition(range.topic(), range.partition());
    long next = missing.nextOffset();
    if (!topicLog.idAfter(range.topic(), System.nanoTime()).equals(Optional.of(range.topicId()))) {
      LOG.warning(
          "%s, and that topic was deleted: offsets %d to %d are lost"
              .formatted(missing.getMessage(), next, range.from() - 1));
      storePart(
          new RecordRange(
              range.topic(), range.topicId(), range.partition(), next, range.from(), List.of()));
      return;
    }
    try (PartitionReader reader = topicLog.reader(partition)) {
      long start = reader.startOffset();
      if (start > next && next > 0) {
        LOG.severe(
            "%s: offsets %d to %d were deleted from the topic before they were stored"
                .formatted(partition, next, Math.min(start, range.from()) - 1));
      }
      long stored =
          reader.<StorageException>read(
              next,
              range.from(),
              part -> {
                storePart(part.withTopicId(range.topicId()));
                state.progressed();
              });
      if (stored > 0) {
        LOG.info("%s; read again: %d records".formatted(missing.getMessage(), stored));
      }
    }
  }

  private void storePart(RecordRange part) throws StorageException {
    try {
      database.store(List.of(part));
    } catch (MissingRecordsException e) {
      throw new IllegalStateException("the database went back while it was caught up", e);
    }
  }
}
