package dev.datapipeline.broker;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.LogTruncationException;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;

/**
 * A broker in memory, with one topic and one consumer group. It remembers everything that each
 * incarnation of the topic ever held. For one thread.
 */
public final class SimulatedBroker {
  /** The topic's name. */
  public static final String TOPIC = "t";

  /** The topic's number of partitions. */
  public static final int PARTITIONS = 2;

  private static final int MAX_POLL_RECORDS = 2;

  /** A reader that polls this often without a result would poll for ever. */
  private static final int ENDLESS = 100;

  private final List<Incarnation> incarnations = new ArrayList<>();
  private final Map<TopicPartition, Long> committed = new HashMap<>();
  private List<?> members = List.of();
  private final Map<TopicPartition, Object> owners = new HashMap<>();
  private int generation;
  private boolean topicExists;
  private boolean away;
  private int records;

  /** The topic from one creation to its deletion. */
  public static final class Incarnation {
    private final UUID id;
    private final List<Log> logs = IntStream.range(0, PARTITIONS).mapToObj(Log::new).toList();

    private Incarnation(int number) {
      id = new UUID(0, number);
    }

    /** Returns the topic's id. */
    public UUID id() {
      return id;
    }

    /** Returns the log of a partition. */
    public Log log(int partition) {
      return logs.get(partition);
    }
  }

  /** One partition of one incarnation. */
  public static final class Log {
    private final int partition;
    private final TreeMap<Long, ConsumerRecord<byte[], byte[]>> present = new TreeMap<>();
    private final TreeMap<Long, ConsumerRecord<byte[], byte[]>> committed = new TreeMap<>();
    private final List<ConsumerRecord<byte[], byte[]>> lost = new ArrayList<>();
    private final Set<Long> compacted = new HashSet<>();
    private long start;
    private long end;
    private int leaderEpoch;
    private long lowestCut = Long.MAX_VALUE;

    /** Where the log of each former leader epoch ends. */
    private final Map<Integer, Long> epochEnds = new HashMap<>();

    private Log(int partition) {
      this.partition = partition;
    }

    private void append(long timestamp, byte[] value) {
      ConsumerRecord<byte[], byte[]> record =
          new ConsumerRecord<>(
              TOPIC,
              partition,
              end,
              timestamp,
              TimestampType.CREATE_TIME,
              -1,
              value.length,
              null,
              value,
              new RecordHeaders(),
              Optional.of(leaderEpoch));
      present.put(end, record);
      committed.put(end, record);
      end++;
    }

    /**
     * Appends the first records of another log, and takes over its leader epochs. With epochs of
     * its own, nothing could tell later that this log has lost some of these records.
     */
    private void copy(Log other, int count) {
      other.committed.values().stream()
          .filter(record -> record.offset() < count)
          .takeWhile(record -> record.offset() == end)
          .forEach(
              record -> {
                leaderEpoch = record.leaderEpoch().orElseThrow();
                append(record.timestamp(), record.value());
              });
      leaderEpoch = other.leaderEpoch;
      other.epochEnds.forEach((epoch, otherEnd) -> epochEnds.put(epoch, Math.min(otherEnd, end)));
    }

    /** Appends offsets without a record: transaction markers, or aborted records. */
    public void appendGap(int offsets) {
      end += offsets;
    }

    /** Removes a record as compaction does. The last record always stays. */
    public void compact(int index) {
      if (index < present.size() - 1) {
        long offset = present.keySet().stream().skip(index).findFirst().orElseThrow();
        present.remove(offset);
        compacted.add(offset);
      }
    }

    /** Deletes the oldest offsets as retention does. */
    public void deleteHead(int offsets) {
      start = Math.min(end, start + offsets);
      present.headMap(start).clear();
    }

    /** Loses the newest offsets, as after an unclean leader election, and gives them out again. */
    public void loseTail(int offsets) {
      end = Math.max(start, end - offsets);
      lowestCut = Math.min(lowestCut, end);
      epochEnds.put(leaderEpoch, end);
      epochEnds.replaceAll((epoch, oldEnd) -> Math.min(oldEnd, end));
      leaderEpoch++;
      lost.addAll(committed.tailMap(end).values());
      committed.tailMap(end).clear();
      present.tailMap(end).clear();
      compacted.removeIf(offset -> offset >= end);
    }

    /** Returns the oldest offset that the log still holds. */
    public long start() {
      return start;
    }

    /** Returns the offset after the last one. */
    public long end() {
      return end;
    }

    /** Returns everything that was ever committed and is not lost, even if it was deleted. */
    public Collection<ConsumerRecord<byte[], byte[]>> committed() {
      return committed.values();
    }

    /** Returns whether compaction removed the record at an offset. */
    public boolean isCompacted(long offset) {
      return compacted.contains(offset);
    }

    /** Returns whether the log has ever held a record at an offset. */
    public boolean everHeld(long offset, byte[] value) {
      ConsumerRecord<byte[], byte[]> record = committed.get(offset);
      return record != null && record.value() == value
          || lost.stream().anyMatch(past -> past.offset() == offset && past.value() == value);
    }

    /** Returns whether the log has lost an offset, and may have given it out again. */
    public boolean hasLost(long offset) {
      return offset >= lowestCut;
    }

    /** Returns whether the log has lost records. */
    public boolean hasGoneBack() {
      return lowestCut < Long.MAX_VALUE;
    }
  }

  /**
   * What a consumer gets from a partition.
   *
   * @param records possibly none
   * @param next the consumer's next position
   */
  public record Fetch(List<ConsumerRecord<byte[], byte[]>> records, long next) {}

  /** Lets the broker answer, or not. */
  public void setAway(boolean isAway) {
    away = isAway;
  }

  /** Returns whether the broker answers and has the topic. */
  public boolean isServing() {
    return !away && topicExists;
  }

  /** Creates the topic if it doesn't exist. */
  public void createTopic(int equalRecords) {
    if (topicExists) {
      return;
    }
    Incarnation created = new Incarnation(incarnations.size() + 1);
    if (!incarnations.isEmpty()) {
      for (int partition = 0; partition < PARTITIONS; partition++) {
        created.log(partition).copy(current().log(partition), equalRecords);
      }
    }
    incarnations.add(created);
    topicExists = true;
  }

  /** Deletes the topic and what the group has committed for it. */
  public void deleteTopic() {
    topicExists = false;
    committed.clear();
  }

  /** Appends records with new values to a partition. */
  public void produce(int partition, int count, String prefix) {
    if (topicExists) {
      for (int i = 0; i < count; i++) {
        records++;
        current().log(partition).append(records, (prefix + records).getBytes());
      }
    }
  }

  /** Returns all incarnations of the topic, the oldest first. */
  public List<Incarnation> incarnations() {
    return incarnations;
  }

  /** Returns the last incarnation, which may be deleted. */
  public Incarnation current() {
    return incarnations.get(incarnations.size() - 1);
  }

  /** Returns whether the last incarnation is not deleted. */
  public boolean topicExists() {
    return topicExists;
  }

  /** Returns the id of the topic that exists now. */
  public Optional<UUID> topicId() {
    return topicExists ? Optional.of(current().id) : Optional.empty();
  }

  /** Reads from a position. A position that is out of range is reset to the earliest offset. */
  public Fetch fetch(int partition, long position) {
    Log log = current().log(partition);
    long from = position < log.start || position > log.end ? log.start : position;
    List<ConsumerRecord<byte[], byte[]>> found =
        log.present.tailMap(from).values().stream().limit(MAX_POLL_RECORDS).toList();
    // offsets without a record behind the last one are passed by a poll of their own
    return new Fetch(found, found.isEmpty() ? log.end : found.get(found.size() - 1).offset() + 1);
  }

  /** Begins a new generation of the group, and distributes the partitions. */
  public void rebalance(List<?> newMembers, int seed) {
    members = List.copyOf(newMembers);
    generation++;
    owners.clear();
    for (int partition = 0; partition < PARTITIONS && !members.isEmpty(); partition++) {
      owners.put(
          new TopicPartition(TOPIC, partition), members.get((seed >> partition) % members.size()));
    }
  }

  /** Returns the group's generation. */
  public int generation() {
    return generation;
  }

  /** Returns the partitions of a member in the present generation. */
  public Set<TopicPartition> assignedTo(Object member) {
    return topicExists
        ? owners.entrySet().stream()
            .filter(owner -> owner.getValue() == member)
            .map(Map.Entry::getKey)
            .collect(Collectors.toSet())
        : Set.of();
  }

  /** Returns where a new owner of a partition begins. */
  public long committed(TopicPartition partition) {
    return committed.getOrDefault(partition, 0L);
  }

  /** Commits positions of the group. */
  public void commit(Map<TopicPartition, Long> positions) {
    committed.putAll(positions);
  }

  /**
   * Returns the topic as an instance sees it.
   *
   * @param call runs before each answer, and may throw
   * @param nanoClock the time
   */
  public TopicLog topicLog(Runnable call, LongSupplier nanoClock) {
    TopicIds ids =
        new TopicIds(
            topic -> {
              answer(call);
              return topicId();
            },
            nanoClock);
    return new TopicLog() {
      @Override
      public Optional<UUID> idAfter(String topic, long nanos) {
        return ids.after(topic, nanos);
      }

      @Override
      public Map<TopicPartition, LogEnd> ends(String topic) {
        answer(call);
        return topicExists
            ? current().logs.stream()
                .collect(
                    Collectors.toMap(
                        log -> new TopicPartition(TOPIC, log.partition),
                        log -> new LogEnd(log.end, log.leaderEpoch)))
            : Map.of();
      }

      @Override
      public long startOffset(TopicPartition partition) {
        answer(call);
        if (!topicExists) {
          throw new BrokerUnavailableException("there is no such topic");
        }
        return current().log(partition.partition()).start;
      }

      @Override
      public boolean isCompacted(String topic) {
        answer(call);
        return true;
      }

      @Override
      public PartitionReader reader(TopicPartition partition) {
        return new KafkaPartitionReader(new Client(call), partition, Long.MAX_VALUE, () -> true);
      }
    };
  }

  private void answer(Runnable call) {
    call.run();
    if (away) {
      throw new BrokerUnavailableException("the simulated broker is away");
    }
  }

  /** A consumer of one partition, outside of the group. */
  private final class Client extends MockConsumer<byte[], byte[]> {
    private final Runnable call;
    private TopicPartition assigned;
    private long position;
    private Optional<Integer> positionEpoch = Optional.empty();
    private int idlePolls;

    Client(Runnable call) {
      super("earliest");
      this.call = call;
    }

    @Override
    public void assign(Collection<TopicPartition> partitions) {
      assigned = partitions.iterator().next();
    }

    @Override
    public void seek(TopicPartition partition, long offset) {
      position = offset;
      positionEpoch = Optional.empty();
    }

    @Override
    public void seek(TopicPartition partition, OffsetAndMetadata offset) {
      position = offset.offset();
      positionEpoch = offset.leaderEpoch();
    }

    @Override
    public long position(TopicPartition partition) {
      if (positionEpoch.isPresent()) {
        Long end = log().epochEnds.get(positionEpoch.get());
        if (end != null && end < position) {
          throw new LogTruncationException(
              "truncated",
              Map.of(partition, position),
              Map.of(partition, new OffsetAndMetadata(end, positionEpoch, "")));
        }
      }
      return position;
    }

    @Override
    public Map<TopicPartition, Long> beginningOffsets(Collection<TopicPartition> partitions) {
      return Map.of(assigned, log().start);
    }

    @Override
    public Map<TopicPartition, Long> endOffsets(Collection<TopicPartition> partitions) {
      return Map.of(assigned, log().end);
    }

    private Log log() {
      call.run();
      if (!isServing()) {
        throw new TimeoutException("no answer");
      }
      return current().log(assigned.partition());
    }

    @Override
    public ConsumerRecords<byte[], byte[]> poll(Duration timeout) {
      call.run();
      if (isServing()) {
        Log log = current().log(assigned.partition());
        if (position < log.start || position > log.end) {
          throw new OffsetOutOfRangeException(Map.of(assigned, position));
        }
      }
      Fetch fetch =
          isServing() ? fetch(assigned.partition(), position) : new Fetch(List.of(), position);
      idlePolls = fetch.next() == position ? idlePolls + 1 : 0;
      if (idlePolls > ENDLESS) {
        throw new AssertionError("a reader polls for ever");
      }
      position = fetch.next();
      return new ConsumerRecords<>(
          fetch.records().isEmpty() ? Map.of() : Map.of(assigned, fetch.records()), Map.of());
    }

    @Override
    public void close(CloseOptions options) {
      // nothing is open
    }
  }
}
