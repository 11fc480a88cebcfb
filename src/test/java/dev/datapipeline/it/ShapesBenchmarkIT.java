package dev.datapipeline.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.datapipeline.backends.Backends;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * Measures how a cold instance drains backlogs of other shapes than the usual one: large events,
 * few and many partitions, several topics, keys and headers, other compressions. Each is compared
 * with PostgreSQL's own COPY of the same rows, right after it. Run by {@code mvn -Pbench verify
 * -Dbench.shapes}; prints a table and writes it to {@code target/shapes.txt}. Asserts that every
 * event arrived exactly once, and nothing about time.
 */
@EnabledIfSystemProperty(named = "bench.shapes", matches = ".*")
class ShapesBenchmarkIT {
  private static final long BYTES = Long.getLong("bench.shapes.megabytes", 200) * 1_000_000;

  /** Topics beside the first one come from sources that don't run. */
  private static final List<String> SOURCES = List.of("sensor", "weblog", "host");

  private record Shape(
      String name, int topics, int partitions, int bytes, String codec, boolean headers) {
    int events() {
      return (int) (BYTES / bytes);
    }

    static Shape of(int bytes) {
      return new Shape("%,d bytes".formatted(bytes), 1, 4, bytes, "lz4", false);
    }

    Shape named(String other) {
      return new Shape(other, topics, partitions, bytes, codec, headers);
    }

    Shape partitions(int other) {
      return new Shape(other + " partitions", topics, other, bytes, codec, headers);
    }

    Shape codec(String other) {
      return new Shape("compression " + other, topics, partitions, bytes, other, headers);
    }
  }

  private static final Shape USUAL = Shape.of(180).named("usual: 180 bytes, 4 partitions, lz4");

  private static final List<Shape> SHAPES =
      List.of(
          USUAL,
          Shape.of(1_000),
          Shape.of(10_000),
          Shape.of(1_000_000),
          USUAL.partitions(1),
          USUAL.partitions(12),
          USUAL.partitions(48),
          new Shape("4 topics", 4, 4, 180, "lz4", false),
          new Shape("keys and 3 headers", 1, 4, 180, "lz4", true),
          USUAL.codec("none"),
          USUAL.codec("snappy"),
          USUAL.codec("zstd"),
          USUAL.codec("gzip"));

  private final Backends backends = TestBackends.get();
  private final Database database = new Database(backends.postgres());
  private final List<String> report = new ArrayList<>();

  @Test
  void drains() throws Exception {
    print("%-36s %9s %9s %8s %8s %8s".formatted("", "events", "rows/s", "MB/s", "of COPY", "MiB"));
    for (int i = 0; i < SHAPES.size(); i++) {
      drain(SHAPES.get(i), "shape-" + i);
    }
    Files.write(ServerDirectory.TARGET.resolve("shapes.txt"), report);
  }

  private void drain(Shape shape, String prefix) throws Exception {
    Backlog.clear(backends);
    long end = 0;
    for (int i = 0; i < shape.topics(); i++) {
      end += fill(shape, prefix + "-" + i, shape.events() / shape.topics());
    }
    try (Application application =
        Backlog.application(backends, "shapes", prefix + "-0", moreTopics(shape, prefix))) {
      Backlog.open(application);
      long begin = System.nanoTime();
      Backlog.awaitStored(backends, prefix + "-%", end);
      double seconds = (System.nanoTime() - begin) / 1e9;
      long peakKib = ProcessCost.of(application.pid()).peakKib();
      assertThat(database.number("SELECT count(*) FROM raw_events")).isEqualTo(end);
      assertThat(
              database.number(
                  "SELECT count(DISTINCT (topic_partition_id, kafka_offset)) FROM raw_events"))
          .isEqualTo(end);
      long bytes = database.number("SELECT sum(octet_length(payload::text)) FROM raw_events");
      application.kill();
      double copy = CopyLimit.seconds(backends.postgres());
      print(
          String.format(
              Locale.ROOT,
              "%-36s %,9d %,9.0f %8.1f %8.2f %8d",
              shape.name(),
              end,
              end / seconds,
              bytes / seconds / 1e6,
              copy / seconds,
              peakKib / 1024));
    }
  }

  private static Map<String, String> moreTopics(Shape shape, String prefix) {
    List<String> sources = SOURCES.subList(0, shape.topics() - 1);
    Map<String, String> settings = new LinkedHashMap<>();
    for (int i = 0; i < sources.size(); i++) {
      settings.put(
          "SOURCE_%s_TOPIC".formatted(sources.get(i).toUpperCase(Locale.ROOT)),
          prefix + "-" + (i + 1));
    }
    if (!sources.isEmpty()) {
      settings.put("PRODUCER_SOURCE", String.join(",", sources));
    }
    return settings;
  }

  /** Returns how many events the topic has then. */
  private long fill(Shape shape, String name, int events) {
    try (Topic topic =
        Topic.compressing(name, backends.kafka().bootstrapServers(), shape.codec())) {
      topic.create(shape.partitions());
      if (shape.headers()) {
        fillWithHeaders(topic, name, events);
      } else {
        BenchmarkEvents.fill(
            topic, events, (random, i) -> BenchmarkEvents.event(random, i, shape.bytes()));
      }
      return Backlog.end(topic);
    }
  }

  private static void fillWithHeaders(Topic topic, String name, int events) {
    Random random = new Random(1);
    for (int i = 0; i < events; i++) {
      ProducerRecord<byte[], byte[]> record =
          new ProducerRecord<>(
              name, bytes("key-" + i % 1000), bytes(BenchmarkEvents.event(random, i)));
      record.headers().add("source", bytes("benchmark")).add("n", bytes(Integer.toString(i)));
      record.headers().add("traceparent", bytes("00-%032x-%016x-00".formatted(i + 1, i + 1)));
      topic.offer(record);
    }
    topic.flush();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private void print(String line) {
    System.out.println(line);
    report.add(line);
  }
}
