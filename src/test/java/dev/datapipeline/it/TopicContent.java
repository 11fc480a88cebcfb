package dev.datapipeline.it;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
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
 * The records of one incarnation of a topic, read by a separate consumer that sees committed
 * transactions only. Compares them with the database: each offset must be in exactly one of the two
 * tables, with the same bytes, and nothing else may be there. Close it; the comparison is possible
 * afterwards, too.
 */
final class TopicContent implements AutoCloseable {
  /** The key of records that must be dead-lettered. */
  static final String POISON = "poison";

  /** Maximum number of offsets that are listed for a faulty partition. */
  private static final int NAMED = 10;

  private record Held(long offset, long digest) {}

  private record Summary(long rows, long offsets, String offsetSum, String digestSum) {}

  private final Database database;
  private final String topic;
  private final UUID topicId;
  private final KafkaConsumer<byte[], byte[]> consumer;
  private final Map<Integer, List<Held>> held = new TreeMap<>();
  private final Map<Integer, Long> ends = new TreeMap<>();
  private long poison;

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

  /** Continues to read up to the given end of each partition. */
  TopicContent readTo(Map<Integer, Long> endOffsets) {
    List<TopicPartition> partitions =
        endOffsets.keySet().stream()
            .map(partition -> new TopicPartition(topic, partition))
            .toList();
    consumer.assign(partitions);
    for (TopicPartition partition : partitions) {
      ends.putIfAbsent(partition.partition(), 0L);
      consumer.seek(partition, ends.get(partition.partition()));
    }
    long deadline = System.nanoTime() + Duration.ofSeconds(120).toNanos();
    while (partitions.stream()
        .anyMatch(partition -> position(partition) < endOffsets.get(partition.partition()))) {
      if (System.nanoTime() > deadline) {
        throw new IllegalStateException(
            "%s was not read to %s but to %s".formatted(topic, endOffsets, ends));
      }
      for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(500))) {
        held.computeIfAbsent(record.partition(), any -> new ArrayList<>())
            .add(new Held(record.offset(), digest(record)));
        if (record.key() != null
            && new String(record.key(), StandardCharsets.UTF_8).equals(POISON)) {
          poison++;
        }
      }
      partitions.forEach(partition -> ends.put(partition.partition(), position(partition)));
    }
    return this;
  }

  private long position(TopicPartition partition) {
    return consumer.position(partition);
  }

  /** The same in SQL: {@link #DIGEST}. */
  private static long digest(ConsumerRecord<byte[], byte[]> record) {
    try {
      MessageDigest md5 = MessageDigest.getInstance("MD5");
      md5.update((record.offset() + ":").getBytes(StandardCharsets.US_ASCII));
      if (record.value() != null) {
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

  private static final String DIGEST = "('x' || left(md5(%s), 8))::bit(32)::bigint";

  private String heldRows() {
    String upTo =
        ends.entrySet().stream()
            .map(end -> "(%d, %d::bigint)".formatted(end.getKey(), end.getValue()))
            .collect(Collectors.joining(", "));
    String from =
        " JOIN topic_partitions p ON p.id = t.topic_partition_id AND p.topic_id = '%s'"
                .formatted(topicId)
            + " JOIN (VALUES "
            + upTo
            + ") AS e(partition, upto) ON e.partition = p.partition AND t.kafka_offset < e.upto";
    return "SELECT p.partition, t.kafka_offset, "
        + DIGEST.formatted("t.kafka_offset || ':' || t.payload::text")
        + " AS digest FROM raw_events t"
        + from
        + " UNION ALL SELECT p.partition, t.kafka_offset, "
        + DIGEST.formatted("convert_to(t.kafka_offset || ':', 'UTF8') || coalesce(t.payload, '')")
        + " FROM dead_letters t"
        + from
        + " WHERE t.replayed_at IS NULL";
  }

  /** Returns how many records were read. */
  long records() {
    return held.values().stream().mapToLong(List::size).sum();
  }

  /** Returns the number of records that must be dead-lettered. */
  long poison() {
    return poison;
  }

  /** Returns whether the positions in the database have reached the end of what was read. */
  boolean isStored() {
    return ends.entrySet().stream()
        .allMatch(
            end ->
                end.getValue() == 0
                    || database.number(
                            "SELECT coalesce(max(next_offset), 0) FROM topic_partitions"
                                + " WHERE topic_id = ?::uuid AND partition = ?",
                            topicId.toString(),
                            end.getKey())
                        >= end.getValue());
  }

  /**
   * Returns what is wrong.
   *
   * @return one line for each faulty partition; empty if all is well
   */
  List<String> faults() {
    Map<Integer, Summary> stored = new HashMap<>();
    for (List<String> row :
        database.query(
            "SELECT partition, count(*), count(DISTINCT kafka_offset), sum(kafka_offset),"
                + " sum(digest) FROM ("
                + heldRows()
                + ") AS held GROUP BY partition")) {
      stored.put(
          Integer.parseInt(row.get(0)),
          new Summary(
              Long.parseLong(row.get(1)), Long.parseLong(row.get(2)), row.get(3), row.get(4)));
    }
    List<String> faults = new ArrayList<>();
    for (int partition : ends.keySet()) {
      List<Held> expected = held.getOrDefault(partition, List.of());
      Summary right =
          new Summary(
              expected.size(),
              expected.size(),
              Long.toString(expected.stream().mapToLong(Held::offset).sum()),
              Long.toString(expected.stream().mapToLong(Held::digest).sum()));
      Summary found = stored.getOrDefault(partition, new Summary(0, 0, "0", "0"));
      if (!found.equals(right)) {
        faults.add("partition %d: %s".formatted(partition, difference(partition, expected)));
      }
    }
    return faults;
  }

  private String difference(int partition, List<Held> expected) {
    Map<Long, Long> missing = new TreeMap<>();
    expected.forEach(record -> missing.put(record.offset(), record.digest()));
    Map<Long, Long> right = Map.copyOf(missing);
    Map<Long, Integer> seen = new TreeMap<>();
    List<Long> changed = new ArrayList<>();
    List<Long> invented = new ArrayList<>();
    for (List<String> row :
        database.query(
            "SELECT kafka_offset, digest FROM (" + heldRows() + ") AS held WHERE partition = ?",
            partition)) {
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

  private static String some(java.util.Collection<Long> offsets) {
    return offsets.size()
        + (offsets.isEmpty() ? "" : " " + offsets.stream().sorted().limit(NAMED).toList());
  }

  @Override
  public void close() {
    consumer.close();
  }
}
