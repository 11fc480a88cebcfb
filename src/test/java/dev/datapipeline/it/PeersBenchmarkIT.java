package dev.datapipeline.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.datapipeline.backends.Backends;
import dev.datapipeline.backends.PostgresServer;
import java.io.File;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * Drains the same topic with this application and with what else one would take for it, one after
 * the other, each from a cold JVM, beside PostgreSQL's own COPY. Run by {@code mvn -Pbench verify
 * -Dbench.peers}; prints a table and writes it to {@code target/peers.txt}. The peers are projects
 * in {@code src/test/peers}. Asserts that each has stored everything, and nothing about time.
 */
@EnabledIfSystemProperty(named = "bench.peers", matches = ".*")
class PeersBenchmarkIT {
  private static final int EVENTS = Integer.getInteger("bench.events", 2_000_000);
  private static final int ROUNDS = Integer.getInteger("bench.rounds", 3);
  private static final int PARTITIONS = 4;
  private static final long PATIENCE_SECONDS = 600;
  private static final Path PEERS = Path.of("src/test/peers").toAbsolutePath();
  private static final Path DIRECTORY = ServerDirectory.TARGET.resolve("peers");

  /**
   * One drain.
   *
   * @param firstRow seconds from the launch to the first row
   * @param seconds from the first row to the last
   * @param cost of the process, from its launch to the last row
   */
  private record Drain(double firstRow, double seconds, ProcessCost cost) {
    double rate() {
      return EVENTS / seconds;
    }
  }

  private final Backends backends = TestBackends.get();
  private final PostgresServer postgres = backends.postgres();
  private final Database database = new Database(postgres);
  private final Map<String, List<Drain>> drains = new LinkedHashMap<>();
  private final List<String> report = new ArrayList<>();

  @Test
  void drains() throws Exception {
    Files.createDirectories(DIRECTORY);
    String spring = classpath("spring");
    String debezium = classpath("debezium");
    for (int round = 1; round <= ROUNDS; round++) {
      String topic = "peers-" + round;
      try (Topic backlog = Topic.compressing(topic, backends.kafka().bootstrapServers(), "lz4")) {
        backlog.create(PARTITIONS);
        BenchmarkEvents.fill(backlog, EVENTS, BenchmarkEvents::event);
        application(topic);
        add("COPY", new Drain(0, CopyLimit.seconds(postgres), new ProcessCost(0, 0)));
        spring(topic, spring);
        debezium(topic, debezium, "insert");
        debezium(topic, debezium, "upsert");
      }
    }
    print(
        "%n%,d events of about 180 bytes, lz4, %d partitions, %d rounds, %d processors, Java %s"
            .formatted(
                EVENTS,
                PARTITIONS,
                ROUNDS,
                Runtime.getRuntime().availableProcessors(),
                Runtime.version()));
    print(
        "%-24s %10s %8s %8s %9s %10s"
            .formatted("", "rows/s", "of COPY", "CPU s", "peak MiB", "first row"));
    drains.forEach(this::line);
    Files.write(ServerDirectory.TARGET.resolve("peers.txt"), report);
  }

  private void application(String topic) throws Exception {
    if (database.number("SELECT count(*) FROM pg_tables WHERE tablename = 'raw_events'") > 0) {
      database.execute("TRUNCATE raw_events, dead_letters, topic_partitions RESTART IDENTITY");
    }
    Map<String, String> environment = new LinkedHashMap<>(backends.environment());
    environment.put("KAFKA_TOPIC", topic);
    environment.put("KAFKA_GROUP_ID", topic);
    environment.put("PRODUCER_ENABLED", "false");
    environment.put("JVM_ARGS", "");
    try (Application application = new Application("peers", environment)) {
      long launched = System.nanoTime();
      application.start();
      add("datapipeline", drain("raw_events", launched, application.pid()));
      application.stop();
    }
  }

  private void spring(String topic, String classpath) throws Exception {
    createTable("peer_spring");
    peer(
        "Spring Kafka, COPY",
        "peer_spring",
        List.of(
            "-Xmx384m",
            "-cp",
            PEERS.resolve("spring/target/classes") + File.pathSeparator + classpath,
            "SpringPeer",
            backends.kafka().bootstrapServers(),
            topic,
            url(""),
            "peer_spring"));
  }

  private void debezium(String topic, String classpath, String mode) throws Exception {
    String table = "peer_debezium_" + mode;
    createTable(table);
    if (mode.equals("upsert")) {
      database.execute(
          "ALTER TABLE %s ADD __connect_topic text, ADD __connect_partition integer, ADD __connect_offset bigint, ADD UNIQUE (__connect_topic, __connect_partition, __connect_offset)"
              .formatted(table));
    }
    Path worker =
        properties(
            table + "-worker",
            Map.of(
                "bootstrap.servers", backends.kafka().bootstrapServers(),
                "listeners", "http://127.0.0.1:" + Application.freePort(),
                "key.converter", "org.apache.kafka.connect.converters.ByteArrayConverter",
                "value.converter", "org.apache.kafka.connect.storage.StringConverter",
                "offset.storage.file.filename", DIRECTORY.resolve(table + ".offsets").toString(),
                "plugin.discovery", "only_scan",
                "consumer.max.poll.records", "5000",
                "consumer.isolation.level", "read_committed"));
    Map<String, String> sink = new TreeMap<>();
    sink.put("name", table + "-" + topic);
    sink.put("connector.class", "io.debezium.connector.jdbc.JdbcSinkConnector");
    sink.put("tasks.max", Integer.toString(PARTITIONS));
    sink.put("topics", topic);
    sink.put("connection.url", url("&stringtype=unspecified&reWriteBatchedInserts=true"));
    sink.put("connection.username", postgres.user());
    sink.put("connection.password", postgres.password());
    sink.put("insert.mode", mode);
    sink.put("primary.key.mode", mode.equals("upsert") ? "kafka" : "none");
    sink.put("schema.evolution", "none");
    sink.put("collection.name.format", table);
    sink.put("batch.size", "5000");
    sink.put("transforms", "payload,place");
    sink.put("transforms.payload.type", "org.apache.kafka.connect.transforms.HoistField$Value");
    sink.put("transforms.payload.field", "payload");
    sink.put("transforms.place.type", "org.apache.kafka.connect.transforms.InsertField$Value");
    sink.put("transforms.place.timestamp.field", "timestamp");
    sink.put("transforms.place.partition.field", "topic_partition_id");
    sink.put("transforms.place.offset.field", "kafka_offset");
    peer(
        "Debezium JDBC sink, " + mode,
        table,
        List.of(
            "-Xmx1g",
            "-cp",
            classpath,
            "org.apache.kafka.connect.cli.ConnectStandalone",
            worker.toString(),
            properties(table, sink).toString()));
  }

  /** Runs a peer until it has stored all events. */
  private void peer(String name, String table, List<String> arguments) throws Exception {
    List<String> command = new ArrayList<>(arguments);
    command.add(0, Path.of(System.getProperty("java.home"), "bin/java").toString());
    long launched = System.nanoTime();
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(Redirect.to(DIRECTORY.resolve(table + ".log").toFile()))
            .start();
    try {
      add(name, drain(table, launched, process.pid()));
    } finally {
      process.destroyForcibly().waitFor();
      database.execute("DROP TABLE " + table);
    }
  }

  /**
   * Waits until a table has all rows. Their highest id tells how many there are, and costs little.
   */
  private Drain drain(String table, long launched, long pid) throws Exception {
    awaitRows(table, 1, pid);
    double firstRow = (System.nanoTime() - launched) / 1e9;
    awaitRows(table, EVENTS, pid);
    double seconds = (System.nanoTime() - launched) / 1e9 - firstRow;
    ProcessCost cost = ProcessCost.of(pid);
    // a transaction with lower ids may be committed later
    while (database.number("SELECT count(*) FROM " + table) < EVENTS) {
      seconds = (System.nanoTime() - launched) / 1e9 - firstRow;
    }
    assertThat(
            database.number(
                "SELECT count(DISTINCT (topic_partition_id, kafka_offset)) FROM " + table))
        .isEqualTo(EVENTS);
    return new Drain(firstRow, seconds, cost);
  }

  /** Asks through one connection: to connect again and again would cost as much as to store. */
  private void awaitRows(String table, long rows, long pid) throws Exception {
    long deadline = System.nanoTime() + PATIENCE_SECONDS * 1_000_000_000L;
    try (Connection connection = postgres.connect()) {
      while (highestId(connection, table) < rows) {
        assertThat(ProcessHandle.of(pid)).as("%s; see %s", table, DIRECTORY).isPresent();
        assertThat(System.nanoTime()).as("%s; see %s", table, DIRECTORY).isLessThan(deadline);
        Thread.sleep(20);
      }
    }
  }

  private static long highestId(Connection connection, String table) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SELECT coalesce(max(id), 0) FROM " + table)) {
      row.next();
      return row.getLong(1);
    } catch (SQLException e) {
      if ("42P01".equals(e.getSQLState())) {
        // the application creates its table
        return 0;
      }
      throw e;
    }
  }

  /** Creates a table like the application's. */
  private void createTable(String table) {
    database.execute("CREATE TABLE %s (LIKE raw_events INCLUDING ALL)".formatted(table));
  }

  private String url(String more) {
    return "%s%suser=%s&password=%s%s"
        .formatted(
            postgres.jdbcUrl(),
            postgres.jdbcUrl().contains("?") ? "&" : "?",
            postgres.user(),
            postgres.password(),
            more);
  }

  private static Path properties(String name, Map<String, String> properties) throws IOException {
    List<String> lines = new ArrayList<>();
    properties.forEach((key, value) -> lines.add(key + "=" + value));
    return Files.write(DIRECTORY.resolve(name + ".properties"), lines);
  }

  /** Builds a peer, and returns the path of its libraries. */
  private static String classpath(String peer) throws Exception {
    Path project = PEERS.resolve(peer);
    Path output = DIRECTORY.resolve(peer + ".classpath");
    Path log = DIRECTORY.resolve(peer + ".build.log");
    int status =
        new ProcessBuilder(
                "mvn",
                "-B",
                "-q",
                "compile",
                "dependency:build-classpath",
                "-Dmdep.outputFile=" + output)
            .directory(project.toFile())
            .redirectErrorStream(true)
            .redirectOutput(Redirect.to(log.toFile()))
            .start()
            .waitFor();
    assertThat(status).as("see %s", log).isZero();
    return Files.readString(output).strip();
  }

  private void add(String name, Drain drain) {
    drains.computeIfAbsent(name, any -> new ArrayList<>()).add(drain);
    print(String.format(Locale.ROOT, "  %s: %.2f s", name, drain.seconds()));
  }

  private void print(String line) {
    System.out.println(line);
    report.add(line);
  }

  private void line(String name, List<Drain> measured) {
    double rate = Sample.median(measured.stream().mapToDouble(Drain::rate));
    print(
        String.format(
            Locale.ROOT,
            "%-24s %,10.0f %8.2f %8.1f %9d %8.1f s",
            name,
            rate,
            rate / Sample.median(drains.get("COPY").stream().mapToDouble(Drain::rate)),
            Sample.median(measured.stream().mapToDouble(drain -> drain.cost().cpuSeconds())),
            measured.stream().mapToLong(drain -> drain.cost().peakKib()).max().orElseThrow() / 1024,
            Sample.median(measured.stream().mapToDouble(Drain::firstRow))));
  }
}
