package dev.datapipeline.consumer;

import dev.datapipeline.broker.BrokerUnavailableException;
import dev.datapipeline.broker.TopicLog;
import dev.datapipeline.broker.TopicLog.PartitionReader;
import dev.datapipeline.record.RecordRange;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
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
   * The last records of a partition.
   *
   * @param topicId the id of the topic that they came from
   * @param to the offset after the last one
   */
  private record Origin(UUID topicId, long to) {}

  private final Map<TopicPartition, Origin> origins = new HashMap<>();

  /** Those of a batch that is not stored yet, and may be tried again. */
  private final Map<TopicPartition, Origin> pending = new HashMap<>();

  /** When a topic's id was first found to be out of date. */
  private final Map<UUID, Long> goneSince = new HashMap<>();

  TopicOrigins(TopicLog topicLog, Function<String, UUID> topicIdAtOpening, LongSupplier nanoTime) {
    this.topicLog = topicLog;
    this.topicIdAtOpening = topicIdAtOpening;
    this.nanoTime = nanoTime;
  }

  /** Begins a batch, or a new attempt to store it. */
  void begin() {
    pending.clear();
  }

  /** Ends a batch. */
  void stored() {
    origins.putAll(pending);
  }

  private Origin last(RecordRange range) {
    TopicPartition partition = partition(range);
    Origin last = pending.getOrDefault(partition, origins.get(partition));
    return last != null ? last : new Origin(topicIdAtOpening.apply(range.topic()), range.from());
  }

  /**
   * Returns a delivery's range with the id of the topic that its records came from.
   *
   * @param arrivedAtNanos when the last delivery of the batch arrived
   * @return empty if that is unknown for a range without records
   */
  Optional<RecordRange> identify(RecordRange range, long arrivedAtNanos) {
    TopicPartition partition = partition(range);
    Optional<UUID> now = topicLog.idAfter(partition.topic(), arrivedAtNanos);
    Origin last = last(range);
    UUID origin = last.topicId();
    if (now.isPresent() && !now.get().equals(origin)) {
      if (range.records().isEmpty()) {
        // if it is from the new topic, catchUp reads it again
        LOG.fine("skipped, because its topic is unknown: " + range);
        return Optional.empty();
      }
      origin = originOf(range, last, now.get());
    }
    pending.put(partition, new Origin(origin, range.to()));
    return Optional.of(range.withTopicId(origin));
  }

  /**
   * Determines which of two topics with the same name a range came from. After the first record of
   * the new topic, all later records of the partition are from the new topic, too.
   */
  private UUID originOf(RecordRange range, Origin last, UUID now) {
    TopicPartition partition = partition(range);
    boolean continued = range.from() == last.to();
    try (PartitionReader reader = topicLog.reader(partition)) {
      switch (reader.holds(range)) {
        case YES:
          LOG.warning(
              "topic %s was deleted and created again; its records are stored as those of a new topic, id %s"
                  .formatted(partition.topic(), now));
          return now;
        case UNKNOWN:
          return continued ? last.topicId() : now;
        default:
          return continued ? last.topicId() : unknownTopic(range);
      }
    }
  }

  /**
   * Returns an id for a topic that existed for so short a time that its own was never seen. Its
   * records must not be mistaken for those of the topics before and after it.
   */
  private static UUID unknownTopic(RecordRange range) {
    UUID id = UUID.randomUUID();
    LOG.warning(
        ("%s-%d: records from offset %d on came from a topic that was deleted before its id was seen;"
                + " they are stored as those of a topic with the made-up id %s")
            .formatted(range.topic(), range.partition(), range.from(), id));
    return id;
  }

  /** Attributes a range to a topic of its own, because the topic it was taken for holds others. */
  RecordRange disown(RecordRange range) {
    UUID id = unknownTopic(range);
    pending.put(partition(range), new Origin(id, range.to()));
    return range.withTopicId(id);
  }

  /** Returns whether a range's topic is the one that the broker holds now. */
  boolean isPresent(RecordRange range) {
    return topicLog.idAfter(range.topic(), System.nanoTime()).equals(Optional.of(range.topicId()));
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

  private static TopicPartition partition(RecordRange range) {
    return new TopicPartition(range.topic(), range.partition());
  }
}
