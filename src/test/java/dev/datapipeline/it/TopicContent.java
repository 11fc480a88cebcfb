package dev.datapipeline.it;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * The records of one topic, read by a separate consumer that sees committed transactions only.
 * Compares them with the database: each offset must be in exactly one of the two tables, with the
 * same bytes, and nothing else may be there. If a log has gone back, this holds for each of its
 * incarnations. Close it; the comparison is possible afterwards, too.
 */
final class TopicContent implements AutoCloseable {
  /** The key of records that must be dead-lettered. */
  static final String POISON = "poison";

  /** The key of records that must be dead-lettered without their payload. */
  static final String TOO_LARGE = "too large";

  /** Maximum number of offsets that are listed for a faulty partition. */
  private static final int NAMED = 10;

  private record Held(long offset, long digest) {}

  private record Summary(long rows, long offsets, String offsetSum, String digestSum) {
    static Summary of(List<Held> records) {
      return new Summary(
          records.size(),
          records.size(),
          Long.toString(records.stream().mapToLong(Held::offset).sum()),
          Long.toString(records.stream().mapToLong(Held::digest).sum()));
    }
  }

  /** From where to where an incarnation is stored. */
  private record Position(long first, long next) {}

  /** The log of a partition until it loses its end. */
  private static final class Log {
    final long start;
    long end;
    final List<Held> held = new ArrayList<>();

    /** Offsets that were deleted before they were stored. */
    final BitSet lost = new BitSet();

    /** Where it may begin to differ from the former log, and where it differs. */
    long earliest;

    long latest;

    Log(long start) {
      this.start = start;
      this.end = start;
    }

    /** Unless the boundary to the former log can be proven, everything is stored once more. */
    boolean mayBeginAt(long offset) {
      return offset >= earliest && offset <= latest || offset == start;
    }

    List<Held> from(long offset) {
      return held.stream().filter(record -> record.offset() >= offset).toList();
    }

    @Override
    public String toString() {
      return "%d to %d, different from %d or %d on".formatted(start, end, earliest, latest);
    }
  }

  private final Database database;
  private final String topic;
  private final UUID topicId;
  private KafkaConsumer<byte[], byte[]> consumer;
  private final Map<Integer, List<Log>> logs = new TreeMap<>();

  TopicContent(Database database, String bootstrapServers, String topic, UUID topicId) {
    this.database = database;
    this.topic = topic;
    this.topicId = topicId;
    consumer =
        new KafkaConsumer<>(
            Map.of(
                ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG,
                bootstrapServers,
                ConsumerConfig.ISOLATION_LEVEL_CONFIG,
                "read_committed",
                ConsumerConfig.AUTO_OFFSET_RESET_CONFIG,
                "none",
                ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG,
                false,
                ConsumerConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG,
                500,
                ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG,
                ByteArrayDeserializer.class,
                ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG,
                ByteArrayDeserializer.class));
  }

  /** Continues to read up to the given end of each partition; at first from the log's start. */
  TopicContent readTo(Map<Integer, Long> endOffsets) {
    List<TopicPartition> partitions =
        endOffsets.keySet().stream()
            .map(partition -> new TopicPartition(topic, partition))
            .toList();
    consumer.assign(partitions);
    Map<TopicPartition, Long> starts = consumer.beginningOffsets(partitions);
    for (TopicPartition partition : partitions) {
      logs.computeIfAbsent(
          partition.partition(), any -> new ArrayList<>(List.of(new Log(starts.get(partition)))));
      consumer.seek(partition, present(partition.partition()).end);
    }
    long deadline = System.nanoTime() + Duration.ofSeconds(120).toNanos();
    while (partitions.stream()
        .anyMatch(partition -> position(partition) < endOffsets.get(partition.partition()))) {
      if (System.nanoTime() > deadline) {
        throw new IllegalStateException("%s was not read to %s".formatted(topic, endOffsets));
      }
      for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(500))) {
        present(record.partition()).held.add(new Held(record.offset(), digest(record)));
      }
      partitions.forEach(partition -> present(partition.partition()).end = position(partition));
    }
    return this;
  }

  private Log present(int partition) {
    List<Log> all = logs.get(partition);
    return all.get(all.size() - 1);
  }

  private long position(TopicPartition partition) {
    return consumer.position(partition);
  }

  /** Notes that offsets from one to before another were deleted before they were stored. */
  void lost(int partition, long from, long to) {
    Log log = present(partition);
    log.held.removeIf(record -> record.offset() >= from && record.offset() < to);
    log.lost.set((int) from, (int) to);
  }

  /** Notes which logs have gone back, after the topic was read again from its start. */
  void goesOnAs(TopicContent now) {
    // one that has read the former log doesn't believe leaders of earlier epochs
    KafkaConsumer<byte[], byte[]> former = consumer;
    consumer = now.consumer;
    now.consumer = former;
    now.logs.forEach(
        (partition, read) -> {
          Log last = present(partition);
          Log log = read.get(0);
          List<Held> held = last.from(log.start);
          // a broker that is killed soon after a deletion brings back what was deleted
          List<Held> found =
              log.held.stream().filter(record -> !last.lost.get((int) record.offset())).toList();
          int same = 0;
          while (same < Math.min(held.size(), found.size())
              && held.get(same).equals(found.get(same))) {
            same++;
          }
          long next = same < found.size() ? found.get(same).offset() : log.end;
          if (same == held.size() && next >= last.end) {
            last.held.addAll(found.subList(same, found.size()));
            last.end = log.end;
          } else {
            log.earliest = same == 0 ? log.start : found.get(same - 1).offset() + 1;
            log.latest = next;
            logs.get(partition).add(log);
          }
        });
  }

  /** The same in SQL: {@link #DIGEST}. */
  private static long digest(ConsumerRecord<byte[], byte[]> record) {
    try {
      MessageDigest md5 = MessageDigest.getInstance("MD5");
      md5.update((record.offset() + ":").getBytes(StandardCharsets.US_ASCII));
      if (record.value() != null && !isTooLarge(record)) {
        md5.update(record.value());
      }
      byte[] hash = md5.digest();
      return (hash[0] & 0xffL) << 24
          | (hash[1] & 0xffL) << 16
          | (hash[2] & 0xffL) << 8
          | (hash[3] & 0xffL);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static boolean isTooLarge(ConsumerRecord<byte[], byte[]> record) {
    return record.key() != null
        && new String(record.key(), StandardCharsets.UTF_8).equals(TOO_LARGE);
  }

  private static final String DIGEST = "('x' || left(md5(%s), 8))::bit(32)::bigint";

  private String heldRows() {
    String upTo =
        logs.entrySet().stream()
            .map(
                log ->
                    "(%d, %d, %d::bigint)"
                        .formatted(
                            log.getKey(), log.getValue().size() - 1, present(log.getKey()).end))
            .collect(Collectors.joining(", "));
    String from =
        " JOIN topic_partitions p ON p.id = t.topic_partition_id AND p.topic_id = '%s'"
                .formatted(topicId)
            + " JOIN (VALUES "
            + upTo
            + ") AS e(partition, present, upto) ON e.partition = p.partition"
            + " AND (p.incarnation < e.present OR t.kafka_offset < e.upto)";
    return "SELECT p.partition, p.incarnation, t.kafka_offset, "
        + DIGEST.formatted("t.kafka_offset || ':' || t.payload::text")
        + " AS digest FROM raw_events t"
        + from
        + " UNION ALL SELECT p.partition, p.incarnation, t.kafka_offset, "
        + DIGEST.formatted("convert_to(t.kafka_offset || ':', 'UTF8') || coalesce(t.payload, '')")
        + " FROM dead_letters t"
        + from
        + " WHERE t.replayed_at IS NULL";
  }

  /** Returns how many records were read and not lost, in all incarnations. */
  long records() {
    return logs.values().stream()
        .flatMap(List::stream)
        .mapToLong(log -> log.from(log.latest).size())
        .sum();
  }

  boolean isOfSameTopic(TopicContent other) {
    return topicId.equals(other.topicId);
  }

  /** Returns how many logs have gone back. */
  long goneBack() {
    return logs.values().stream().mapToLong(all -> all.size() - 1).sum();
  }

  /** Returns whether the positions in the database have reached the end of what was read. */
  boolean isStored() {
    Map<String, Position> positions = positions();
    return logs.entrySet().stream()
        .allMatch(
            log -> {
              Position position = positions.get(name(log.getKey(), log.getValue().size() - 1));
              long end = present(log.getKey()).end;
              return end == 0 || position != null && position.next() >= end;
            });
  }

  /**
   * Returns what is wrong.
   *
   * @return one line for each fault; empty if all is well
   */
  List<String> faults() {
    Map<String, Position> positions = positions();
    Map<String, BitSet> lost = lostOffsets();
    Map<String, Summary> stored = stored();
    List<String> faults = new ArrayList<>();
    logs.forEach(
        (partition, all) -> {
          for (int incarnation = 0; incarnation < all.size(); incarnation++) {
            Log log = all.get(incarnation);
            String name = name(partition, incarnation);
            Position position = positions.remove(name);
            if (position == null) {
              if (log.end > 0) {
                faults.add(name + " is not stored");
              }
              continue;
            }
            boolean ended = log != present(partition);
            if (!log.mayBeginAt(position.first()) || ended && position.next() != log.end) {
              faults.add("%s is stored as %s, but is %s".formatted(name, position, log));
            }
            BitSet reported = lost.getOrDefault(name, new BitSet());
            if (!reported.equals(log.lost)) {
              faults.add("%s: %s are lost, but %s reported".formatted(name, log.lost, reported));
            }
            List<Held> expected = incarnation == 0 ? log.held : log.from(position.first());
            if (!stored.getOrDefault(name, Summary.of(List.of())).equals(Summary.of(expected))) {
              faults.add(name + ": " + difference(name, expected));
            }
          }
          positions.keySet().stream()
              .filter(name -> name.startsWith(partition + "/"))
              .forEach(name -> faults.add(name + " is an incarnation too many"));
        });
    return faults;
  }

  private Map<String, Position> positions() {
    Map<String, Position> positions = new TreeMap<>();
    for (List<String> row : ofTopic("first_offset, next_offset FROM topic_partitions")) {
      positions.put(
          row.get(0), new Position(Long.parseLong(row.get(1)), Long.parseLong(row.get(2))));
    }
    return positions;
  }

  private Map<String, BitSet> lostOffsets() {
    Map<String, BitSet> lost = new HashMap<>();
    for (List<String> row : ofTopic("first_offset, last_offset FROM lost_offsets")) {
      lost.computeIfAbsent(row.get(0), any -> new BitSet())
          .set(Integer.parseInt(row.get(1)), Integer.parseInt(row.get(2)) + 1);
    }
    return lost;
  }

  private Map<String, Summary> stored() {
    Map<String, Summary> stored = new HashMap<>();
    for (List<String> row :
        database.query(
            "SELECT %s, count(*), count(DISTINCT kafka_offset), sum(kafka_offset), sum(digest)"
                    .formatted(NAME)
                + (" FROM (" + heldRows() + ") AS held GROUP BY 1"))) {
      stored.put(
          row.get(0),
          new Summary(
              Long.parseLong(row.get(1)), Long.parseLong(row.get(2)), row.get(3), row.get(4)));
    }
    return stored;
  }

  private List<List<String>> ofTopic(String columns) {
    return database.query(
        "SELECT " + NAME + ", " + columns + " WHERE topic_id = ?::uuid", topicId.toString());
  }

  /** Returns the name of an incarnation. The same in SQL: {@link #NAME}. */
  private static String name(int partition, int incarnation) {
    return partition + "/" + incarnation;
  }

  private static final String NAME = "partition || '/' || incarnation";

  private String difference(String name, List<Held> expected) {
    Map<Long, Long> missing = new TreeMap<>();
    expected.forEach(record -> missing.put(record.offset(), record.digest()));
    Map<Long, Long> right = Map.copyOf(missing);
    Map<Long, Integer> seen = new TreeMap<>();
    List<Long> changed = new ArrayList<>();
    List<Long> invented = new ArrayList<>();
    for (List<String> row :
        database.query(
            "SELECT kafka_offset, digest FROM (" + heldRows() + ") AS held WHERE " + NAME + " = ?",
            name)) {
      long offset = Long.parseLong(row.get(0));
      seen.merge(offset, 1, Integer::sum);
      missing.remove(offset);
      if (!right.containsKey(offset)) {
        invented.add(offset);
      } else if (right.get(offset) != Long.parseLong(row.get(1))) {
        changed.add(offset);
      }
    }
    seen.values().removeIf(count -> count == 1);
    return String.format(
        Locale.ROOT,
        "%d records; missing %s, twice %s, changed %s, not on the topic %s",
        expected.size(),
        some(missing.keySet()),
        some(seen.keySet()),
        some(changed),
        some(invented));
  }

  private static String some(Collection<Long> offsets) {
    return offsets.size()
        + (offsets.isEmpty() ? "" : " " + offsets.stream().sorted().limit(NAMED).toList());
  }

  @Override
  public void close() {
    consumer.close();
  }
}
