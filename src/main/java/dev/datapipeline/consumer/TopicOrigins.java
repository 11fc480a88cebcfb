package dev.datapipeline.consumer;

import dev.datapipeline.broker.BrokerUnavailableException;
import dev.datapipeline.broker.TopicLog;
import dev.datapipeline.broker.TopicLog.Holding;
import dev.datapipeline.broker.TopicLog.PartitionReader;
import dev.datapipeline.record.LogMark;
import dev.datapipeline.record.RecordRange;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.logging.Logger;
import org.apache.kafka.common.TopicPartition;

/**
 * Determines which topic records came from. A topic may be deleted and created again under the same
 * name at any time, and Kafka's consumer doesn't tell. Not thread-safe.
 */
final class TopicOrigins {
  private static final Logger LOG = Logger.getLogger(TopicOrigins.class.getName());

  /** One answer of a broker whose metadata are out of date must not declare records lost. */
  private static final Duration CERTAIN_AFTER = Duration.ofSeconds(5);

  private final TopicLog topicLog;
  private final Function<String, UUID> topicIdAtOpening;
  private final LongSupplier nanoTime;

  /**
   * The topics that a partition's records came from, by the time from which on. Records that were
   * polled before that time may be from the topic before.
   */
  private final Map<TopicPartition, TreeMap<Long, UUID>> origins = new HashMap<>();

  /** When a topic's id was first seen. */
  private final Map<UUID, Long> seenAt = new HashMap<>();

  /** The offset after the last records of each partition. */
  private final Map<TopicPartition, Long> ends = new HashMap<>();

  /** Those of a batch that is not stored yet, and may be tried again. */
  private final Map<TopicPartition, Long> pendingEnds = new HashMap<>();

  /** When a topic's id was first found to be out of date. */
  private final Map<UUID, Long> goneSince = new HashMap<>();

  TopicOrigins(TopicLog topicLog, Function<String, UUID> topicIdAtOpening, LongSupplier nanoTime) {
    this.topicLog = topicLog;
    this.topicIdAtOpening = topicIdAtOpening;
    this.nanoTime = nanoTime;
  }

  /** Begins a batch, or a new attempt to store it. */
  void begin() {
    pendingEnds.clear();
  }

  /** Ends a batch. */
  void stored() {
    ends.putAll(pendingEnds);
  }

  private TreeMap<Long, UUID> origins(TopicPartition partition) {
    return origins.computeIfAbsent(
        partition,
        any -> new TreeMap<>(Map.of(Long.MIN_VALUE, topicIdAtOpening.apply(partition.topic()))));
  }

  /**
   * Returns a delivery's range with the id of the topic that its records came from. The broker need
   * not be asked after each delivery: the consumer can't read a topic that was created again before
   * it has learned its id.
   *
   * @param delivery with a range without a topic id
   * @return empty if that can't be told; catchUp reads what the present topic holds
   */
  Optional<RecordRange> identify(Delivery delivery) {
    RecordRange range = delivery.range();
    TopicPartition partition = range.topicPartition();
    Optional<UUID> now = topicLog.idAfter(partition.topic(), delivery.metadataAtNanos());
    Optional<UUID> origin =
        Optional.of(origins(partition).floorEntry(delivery.arrivedAtNanos()).getValue());
    if (now.isPresent() && !now.equals(origin)) {
      origin = originOf(delivery, origin.get(), now.get());
    }
    if (origin.isEmpty()) {
      return Optional.empty();
    }
    pendingEnds.put(partition, range.to());
    return Optional.of(range.withTopicId(origin.get()));
  }

  /**
   * Determines which of two topics with the same name a range came from. After the first record of
   * the new topic, all later records of the partition are from the new topic, too. But a record
   * that both topics hold proves nothing about those that were polled before the new topic was
   * seen.
   */
  private Optional<UUID> originOf(Delivery delivery, UUID before, UUID now) {
    long seen = seenAt.computeIfAbsent(now, any -> nanoTime.getAsLong());
    RecordRange range = delivery.range();
    TopicPartition partition = range.topicPartition();
    if (range.records().isEmpty()) {
      LOG.fine("skipped, because its topic is unknown: " + range);
      return Optional.empty();
    }
    Holding holding;
    try (PartitionReader reader = topicLog.reader(partition)) {
      holding = reader.holds(range);
    }
    requirePresent(range.withTopicId(now));
    switch (holding) {
      case YES:
        LOG.warning(
            "topic %s was deleted and created again; its records are stored as those of a new topic, id %s"
                .formatted(partition.topic(), now));
        origins(partition).put(seen, now);
        return Optional.of(now);
      case NO:
        Long end = pendingEnds.getOrDefault(partition, ends.get(partition));
        return Optional.of(end == null || end == range.from() ? before : unknownTopic(delivery));
      default:
        LOG.warning(
            "%s: offsets %d to %d are not stored as they were delivered: topic %s was deleted and created again, and records were deleted from it since, so it is unknown which topic they are from"
                .formatted(partition, range.from(), range.to() - 1, partition.topic()));
        return Optional.empty();
    }
  }

  /**
   * Returns an id for a topic that existed for so short a time that its own was never seen. Its
   * records must not be mistaken for those of the topics before and after it.
   */
  private UUID unknownTopic(Delivery delivery) {
    UUID id = unknownTopic(delivery.range());
    origins(delivery.partition()).put(delivery.arrivedAtNanos(), id);
    return id;
  }

  private static UUID unknownTopic(RecordRange range) {
    // the same one in each attempt, and in each instance, but not that of a topic it was taken for
    UUID id =
        UUID.nameUUIDFromBytes(
            "%s-%d %s %s"
                .formatted(
                    range.topic(),
                    range.partition(),
                    range.topicId(),
                    range.records().isEmpty()
                        ? range.from()
                        : LogMark.of(range.records().get(0)).digest())
                .getBytes(StandardCharsets.UTF_8));
    LOG.warning(
        ("%s-%d: records from offset %d on came from a topic that was deleted before its id was seen;"
                + " they are stored as those of a topic with the made-up id %s")
            .formatted(range.topic(), range.partition(), range.from(), id));
    return id;
  }

  /** Attributes a range to a topic of its own, because the topic it was taken for holds others. */
  RecordRange disown(RecordRange range) {
    return range.withTopicId(unknownTopic(range));
  }

  /**
   * Must be called after a topic was read, because it may have been created again meanwhile.
   *
   * @throws BrokerUnavailableException if the range's topic is not the present one
   */
  void requirePresent(RecordRange range) {
    if (!isPresent(range)) {
      throw new BrokerUnavailableException(
          "topic %s was deleted or created again while it was read".formatted(range.topic()));
    }
  }

  /** Returns whether a range's topic is the one that the broker holds now. */
  boolean isPresent(RecordRange range) {
    return topicLog
        .idAfter(range.topic(), nanoTime.getAsLong())
        .equals(Optional.of(range.topicId()));
  }

  /**
   * Returns whether a range's topic still exists.
   *
   * @throws BrokerUnavailableException as long as that is not certain
   */
  boolean exists(RecordRange range) {
    UUID id = range.topicId();
    long askedAt = nanoTime.getAsLong();
    if (isPresent(range)) {
      goneSince.remove(id);
      return true;
    }
    if (askedAt - goneSince.computeIfAbsent(id, any -> askedAt) < CERTAIN_AFTER.toNanos()) {
      throw new BrokerUnavailableException(
          "it is not certain yet that topic %s, id %s, was deleted".formatted(range.topic(), id));
    }
    return false;
  }
}
