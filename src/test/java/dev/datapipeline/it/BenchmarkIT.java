package dev.datapipeline.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.datapipeline.backends.Backends;
import dev.datapipeline.backends.PostgresServer;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/**
 * Measures how fast a backlog is drained, against PostgreSQL's own COPY of the same rows into the
 * same table in the same run, and how soon an event is visible. Run by {@code mvn -Pbench verify};
 * prints a table and writes it to {@code target/benchmark.txt}. Asserts that every offset arrived
 * exactly once, and nothing about time.
 */
@UsualBenchmark
class BenchmarkIT {
  private static final int EVENTS = Integer.getInteger("bench.events", 2_000_000);
  private static final int ROUNDS = Integer.getInteger("bench.rounds", 3);
  private static final int POISON_EVENTS = EVENTS / 4;
  private static final int WARM_UP_EVENTS = EVENTS / 4;
  private static final int PARTITIONS = 4;
  private static final int[] LATENCY_RATES = {1_000, 20_000};
  private static final int POSTS = 1_000;
  private static final int LATENCY_SECONDS = Integer.getInteger("bench.latency.seconds", 30);

  private static final String HELD =
      "SELECT count(%s) FROM (SELECT topic_partition_id, kafka_offset FROM raw_events"
          + " UNION ALL SELECT topic_partition_id, kafka_offset FROM dead_letters) AS held";

  /** One drain of a backlog by freshly started instances. */
  private record Drain(int events, double seconds, double cpuSeconds, long peakKib) {
    static Drain ofCopy(double seconds) {
      return new Drain(EVENTS, seconds, 0, 0);
    }

    double rate() {
      return events / seconds;
    }

    @Override
    public String toString() {
      return String.format(Locale.ROOT, "%.2f s", seconds);
    }
  }

  private final Backends backends = TestBackends.get();
  private final Database database = new Database(backends.postgres());
  private final StringBuilder report = new StringBuilder();
  private final Map<String, List<Drain>> drains = new LinkedHashMap<>();
  private final List<String> latencies = new ArrayList<>();

  @Test
  void drainAndLatency() throws Exception {
    for (int round = 1; round <= ROUNDS; round++) {
      print("round " + round);
      goodEvents(round);
      poison(round, "one instance, 1 % poison", EVENTS, 100);
      poison(round, "one instance, only poison", POISON_EVENTS, 1);
    }
    latencies();
    print(
        "%n%,d events of about 180 bytes, %d partitions, %d rounds, %d processors, Java %s"
            .formatted(
                EVENTS,
                PARTITIONS,
                ROUNDS,
                Runtime.getRuntime().availableProcessors(),
                Runtime.version()));
    print(
        "%-28s %10s %23s %8s %8s %9s"
            .formatted("", "rows/s", "range", "of COPY", "CPU s", "peak MiB"));
    drains.forEach(this::line);
    latencies.forEach(this::print);
    print("every offset of every drain arrived exactly once");
    Files.writeString(ServerDirectory.TARGET.resolve("benchmark.txt"), report);
  }

  private void goodEvents(int round) throws Exception {
    String topic = "bench-" + round;
    try (Topic backlog = new Topic(topic, backends.kafka().bootstrapServers())) {
      backlog.create(PARTITIONS);
      BenchmarkEvents.fill(backlog, EVENTS, BenchmarkEvents::event);
      try (Application application = Backlog.application(backends, "bench-one", topic)) {
        Backlog.clear(backends);
        add("one instance", drain(topic, EVENTS, application));
      }
      add("COPY", Drain.ofCopy(CopyLimit.seconds(backends.postgres())));
    }
    for (String[] instances : new String[][] {{"one"}, {"one", "two"}}) {
      Backlog.clear(backends);
      String count = instances[instances.length - 1];
      add(
          count + (instances.length == 1 ? " instance" : " instances") + ", warm",
          drainOnceWarm("warm-%s-%d".formatted(count, round), instances));
    }
    Backlog.clear(backends);
  }

  private void poison(int round, String name, int count, int every) throws Exception {
    String topic = "poison-%d-%d".formatted(every, round);
    try (Topic backlog = new Topic(topic, backends.kafka().bootstrapServers())) {
      backlog.create(PARTITIONS);
      BenchmarkEvents.fill(
          backlog,
          count,
          (random, i) ->
              i % every == 0
                  ? BenchmarkEvents.event(random, i).replace("\"n\":", "\"n\",")
                  : BenchmarkEvents.event(random, i));
      try (Application application = Backlog.application(backends, "bench-one", topic)) {
        add(name, drain(topic, count, application));
      }
      Backlog.clear(backends);
    }
  }

  private void add(String name, Drain drain) {
    drains.computeIfAbsent(name, any -> new ArrayList<>()).add(drain);
    print("  %s: %s".formatted(name, drain));
  }

  private void print(String line) {
    System.out.println(line);
    report.append(line).append('\n');
  }

  private void line(String name, List<Drain> measured) {
    double rate = medianRate(measured);
    print(
        String.format(
            Locale.ROOT,
            "%-28s %,10.0f %,11.0f-%,11.0f %8.2f %8.1f %9d",
            name,
            rate,
            measured.stream().mapToDouble(Drain::rate).min().orElseThrow(),
            measured.stream().mapToDouble(Drain::rate).max().orElseThrow(),
            rate / medianRate(drains.get("COPY")),
            Sample.median(measured.stream().mapToDouble(Drain::cpuSeconds)),
            measured.stream().mapToLong(Drain::peakKib).max().orElseThrow() / 1024));
  }

  private static double medianRate(List<Drain> measured) {
    return Sample.median(measured.stream().mapToDouble(Drain::rate));
  }

  /** Measures from the moment at which the consumer is opened: a cold JVM, warm-up included. */
  private Drain drain(String topic, int events, Application application) throws Exception {
    Backlog.open(application);
    long begin = System.nanoTime();
    Backlog.awaitStored(backends, topic, events);
    return drained(events, events, begin, List.of(application));
  }

  /**
   * Measures from the moment at which the backlog becomes visible to instances which have stored
   * something before, and of which each has its share of the partitions. Else the start of a second
   * server and the rebalance would be measured, which happen once.
   */
  private Drain drainOnceWarm(String topic, String... instances) throws Exception {
    List<Application> applications = new ArrayList<>();
    try (Topic backlog = Topic.hiding(topic, backends.kafka().bootstrapServers())) {
      backlog.create(PARTITIONS);
      for (String instance : instances) {
        applications.add(Backlog.application(backends, "bench-" + instance, topic).start());
      }
      for (Application application : applications) {
        await("partitions shared")
            .atMost(Pipeline.PATIENCE)
            .ignoreExceptions()
            .until(() -> assignedPartitions(application) == PARTITIONS / instances.length);
      }
      backlog.hide();
      BenchmarkEvents.fill(backlog, WARM_UP_EVENTS, BenchmarkEvents::event);
      backlog.reveal();
      Backlog.awaitStored(backends, topic, Backlog.end(backlog));
      backlog.hide();
      BenchmarkEvents.fill(backlog, EVENTS, BenchmarkEvents::event);
      long begin = System.nanoTime();
      backlog.reveal();
      Backlog.awaitStored(backends, topic, Backlog.end(backlog));
      return drained(EVENTS, EVENTS + WARM_UP_EVENTS, begin, applications);
    } finally {
      applications.forEach(Application::close);
    }
  }

  private static int assignedPartitions(Application application) throws IOException {
    return application
        .health()
        .check("ready", "consumer")
        .getJsonObject("data")
        .getInt("assignedPartitions");
  }

  private Drain drained(int events, long stored, long begin, List<Application> applications)
      throws IOException {
    double seconds = (System.nanoTime() - begin) / 1e9;
    assertThat(database.number(HELD.formatted("*"))).isEqualTo(stored);
    assertThat(database.number(HELD.formatted("DISTINCT (topic_partition_id, kafka_offset)")))
        .isEqualTo(stored);
    double cpu = 0;
    long peak = 0;
    for (Application application : applications) {
      ProcessCost cost = ProcessCost.of(application.pid());
      cpu += cost.cpuSeconds();
      peak = Math.max(peak, cost.peakKib());
    }
    return new Drain(events, seconds, cpu, peak);
  }

  /**
   * Measures how long events take from being sent to being committed, and what the application
   * takes for them. PostgreSQL remembers when it committed, so that nothing has to poll the table.
   */
  private void latencies() throws Exception {
    PostgresServer postgres = backends.postgres();
    postgres.settings(Map.of("track_commit_timestamp", "on")).stop();
    postgres.start();
    try (Topic topic = Topic.prompt("latency", backends.kafka().bootstrapServers());
        Application application = Backlog.application(backends, "bench-one", "latency")) {
      topic.create(PARTITIONS);
      Backlog.open(application);
      send(topic, LATENCY_RATES[0], 10); // warms up
      latency("idle", application, () -> Thread.sleep(LATENCY_SECONDS * 1_000L));
      for (int rate : LATENCY_RATES) {
        latency(
            "%,d events/s".formatted(rate), application, () -> send(topic, rate, LATENCY_SECONDS));
      }
      Api api = new Api(application.httpPort());
      latency("one POST after another", application, () -> post(topic, api));
    }
  }

  private interface Sending {
    void run() throws Exception;
  }

  /** Measures the events of a phase, and the application's processor time during it. */
  private void latency(String name, Application application, Sending sending) throws Exception {
    long last = database.number("SELECT coalesce(max(id), 0) FROM raw_events");
    double cpu = ProcessCost.of(application.pid()).cpuSeconds();
    long begin = System.nanoTime();
    sending.run();
    double seconds = (System.nanoTime() - begin) / 1e9;
    double share = (ProcessCost.of(application.pid()).cpuSeconds() - cpu) / seconds;
    double[] millis =
        database
            .query(
                "SELECT (extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1000000"
                    + " - (payload->>'sentMicros')::bigint) / 1000 FROM raw_events WHERE id > ?",
                last)
            .stream()
            .mapToDouble(row -> Double.parseDouble(row.get(0)))
            .sorted()
            .toArray();
    String times =
        millis.length == 0
            ? ""
            : String.format(
                Locale.ROOT,
                ", %,d events, sent to committed: 50 %% %.1f ms, 99 %% %.1f ms, 99.9 %% %.1f ms, max %.1f ms",
                millis.length,
                Sample.percentile(millis, 0.5),
                Sample.percentile(millis, 0.99),
                Sample.percentile(millis, 0.999),
                Sample.percentile(millis, 1));
    latencies.add(String.format(Locale.ROOT, "%s: %.1f %% of a core", name, share * 100) + times);
  }

  /** Sends events at a rate, and waits until they are stored. */
  private void send(Topic topic, int rate, int seconds) throws InterruptedException {
    Random random = new Random(2);
    long begin = System.nanoTime();
    for (int i = 0; i < rate * seconds; i++) {
      LockSupport.parkNanos(begin + i * (1_000_000_000L / rate) - System.nanoTime());
      topic.offer(BenchmarkEvents.event(random, i));
    }
    topic.flush();
    Backlog.awaitStored(backends, "latency", Backlog.end(topic));
  }

  private void post(Topic topic, Api api) throws InterruptedException {
    Random random = new Random(3);
    for (int i = 0; i < POSTS; i++) {
      assertThat(
              api.post("/api/events", "application/json", BenchmarkEvents.event(random, i))
                  .statusCode())
          .isLessThan(300);
    }
    Backlog.awaitStored(backends, "latency", Backlog.end(topic));
  }
}
