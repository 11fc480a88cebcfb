package dev.datapipeline.consumer;

import dev.datapipeline.broker.Broker;
import dev.datapipeline.broker.TopicIds;
import dev.datapipeline.broker.TopicReader;
import dev.datapipeline.config.KafkaConfig;
import dev.datapipeline.record.RecordRange;
import dev.datapipeline.storage.BatchWriter;
import dev.datapipeline.storage.MissingRecordsException;
import dev.datapipeline.storage.StorageException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.IntPredicate;
import java.util.logging.Logger;
import org.apache.kafka.common.TopicPartition;

/**
 * Stores deliveries so that each offset of each topic is stored exactly once: finds out which topic
 * they came from, and what the database lacks before them. For one thread.
 */
final class ExactlyOnceStore {
  private static final Logger LOG = Logger.getLogger(ExactlyOnceStore.class.getName());

  private final KafkaConfig kafka;
  private final String isolationLevel;
  private final Broker broker;
  private final TopicIds topicIds;
  private final BatchWriter writer;
  private final ConsumerState state;

  /** Which topic the last records of a partition came from. */
  private final Map<TopicPartition, UUID> origins = new HashMap<>();

  /** Ends of the ranges without a record of which it was not known from which topic they are. */
  private final Map<TopicPartition, Long> leftAside = new HashMap<>();

  ExactlyOnceStore(
      KafkaConfig kafka,
      String isolationLevel,
      Broker broker,
      TopicIds topicIds,
      BatchWriter writer,
      ConsumerState state) {
    this.kafka = kafka;
    this.isolationLevel = isolationLevel;
    this.broker = broker;
    this.topicIds = topicIds;
    this.writer = writer;
    this.state = state;
  }

  /**
   * Stores the deliveries in one transaction; what the database lacks before them is read from the
   * topic again and stored first.
   *
   * @param deliveries those of one partition in the order of their offsets
   * @throws StorageException if the database does not take them now
   */
  void store(List<Delivery> deliveries) throws StorageException, InterruptedException {
    List<RecordRange> ranges = identify(deliveries);
    if (!ranges.isEmpty()) {
      storeRanges(ranges);
    }
  }

  private void storeRanges(List<RecordRange> ranges) throws StorageException, InterruptedException {
    while (true) {
      try {
        writer.store(ranges);
        return;
      } catch (MissingRecordsException e) {
        storeMissing(e);
      }
    }
  }

  /**
   * Stores what the group has committed, or what was left aside, and the database does not have.
   * What is committed and not there means that the database was restored to an earlier state.
   *
   * @param owned which partitions to look at
   * @throws StorageException if the database does not take the records now
   */
  void catchUp(IntPredicate owned) throws StorageException, InterruptedException {
    Map<TopicPartition, Long> allCommitted = broker.committedOffsets();
    for (String topic : kafka.topics()) {
      Map<TopicPartition, Long> committed = new HashMap<>(allCommitted);
      // the connector commits nothing of a new topic before it is as long as its predecessor was
      leftAside.forEach((partition, end) -> committed.merge(partition, end, Math::max));
      committed.keySet().removeIf(partition -> !partition.topic().equals(topic));
      Optional<UUID> topicId = topicIds.after(topic, System.nanoTime());
      if (topicId.isPresent()) {
        catchUp(topicId.get(), broker.endOffsets(broker.partitions(topic)), committed, owned);
      }
      leftAside.keySet().removeIf(partition -> partition.topic().equals(topic));
    }
  }

  private void catchUp(
      UUID topicId,
      Map<TopicPartition, Long> ends,
      Map<TopicPartition, Long> allCommitted,
      IntPredicate owned)
      throws StorageException, InterruptedException {
    for (Map.Entry<TopicPartition, Long> committed : allCommitted.entrySet()) {
      TopicPartition partition = committed.getKey();
      long offset = committed.getValue();
      // an offset behind the end was committed for a topic that has gone
      if (owned.test(partition.partition()) && offset <= ends.getOrDefault(partition, -1L)) {
        storeRanges(
            List.of(
                new RecordRange(
                    partition.topic(), topicId, partition.partition(), offset, offset, List.of())));
      }
    }
  }

  /** Returns the batch's ranges, each with the id of the topic that its records came from. */
  private List<RecordRange> identify(List<Delivery> batch) {
    List<RecordRange> ranges = new ArrayList<>(batch.size());
    long arrivedAt = batch.get(batch.size() - 1).arrivedAtNanos();
    for (Delivery delivery : batch) {
      TopicPartition partition = delivery.partition();
      Optional<UUID> now = topicIds.after(partition.topic(), arrivedAt);
      UUID origin = origins.getOrDefault(partition, state.topicIdAtOpening(partition.topic()));
      if (now.isPresent() && !now.get().equals(origin)) {
        if (delivery.range().records().isEmpty()) {
          // Nothing tells which of the two topics it is of. If it is the new one, its next records,
          // or the next comparison of positions, find the range missing and read it again.
          leftAside.merge(partition, delivery.range().to(), Math::max);
          LOG.fine("left aside for now: " + delivery.range());
          continue;
        }
        origin = originOf(delivery.range(), partition, origin, now.get());
      }
      origins.put(partition, origin);
      ranges.add(delivery.range().of(origin));
    }
    return ranges;
  }

  /**
   * Decides which of two topics of the same name a range came from. Once a partition's records are
   * those of the new topic, the following ones are, too.
   */
  private UUID originOf(RecordRange range, TopicPartition partition, UUID before, UUID now) {
    try (TopicReader reader = new TopicReader(kafka, isolationLevel, partition)) {
      if (!reader.holds(range.records().get(0))) {
        return before;
      }
    }
    LOG.warning(
        "topic %s was deleted and created again; its records are stored as those of a new topic, id %s"
            .formatted(partition.topic(), now));
    return now;
  }

  /** Stores what lies between the database's position and the first record of a range. */
  private void storeMissing(MissingRecordsException missing)
      throws StorageException, InterruptedException {
    RecordRange range = missing.range();
    TopicPartition partition = new TopicPartition(range.topic(), range.partition());
    if (!broker.topicId(range.topic()).equals(Optional.of(range.topicId()))) {
      LOG.warning(
          "%s, and that topic has gone: offsets %d to %d are lost"
              .formatted(missing.getMessage(), missing.nextOffset(), range.from() - 1));
      storeMissing(
          new RecordRange(
              range.topic(),
              range.topicId(),
              range.partition(),
              missing.nextOffset(),
              range.from(),
              List.of()));
      return;
    }
    try (TopicReader reader = new TopicReader(kafka, isolationLevel, partition)) {
      long start = reader.startOffset();
      if (start > missing.nextOffset() && missing.nextOffset() > 0) {
        LOG.severe(
            "%s: offsets %d to %d were deleted from the topic before they were stored"
                .formatted(partition, missing.nextOffset(), Math.min(start, range.from()) - 1));
      }
      if (start < range.from()) {
        LOG.warning(missing.getMessage() + "; reading the topic again from there");
      }
      long[] stored = {0};
      reader.read(
          missing.nextOffset(),
          range.from(),
          part -> {
            try {
              storeMissing(part.of(range.topicId()));
            } catch (StorageException e) {
              throw new StorageFailedWhileReading(e);
            }
            stored[0] += part.records().size();
            state.progressed();
          });
      if (stored[0] > 0) {
        LOG.warning("%s: %d records read again and stored".formatted(partition, stored[0]));
      }
    } catch (StorageFailedWhileReading e) {
      throw e.cause;
    }
  }

  private void storeMissing(RecordRange part) throws StorageException {
    try {
      writer.store(List.of(part));
    } catch (MissingRecordsException e) {
      throw new IllegalStateException("the database went back while it was caught up", e);
    }
  }

  private static final class StorageFailedWhileReading extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final transient StorageException cause;

    StorageFailedWhileReading(StorageException cause) {
      super(cause);
      this.cause = cause;
    }
  }
}
