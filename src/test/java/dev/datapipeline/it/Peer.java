package dev.datapipeline.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.datapipeline.backends.Backends;
import dev.datapipeline.backends.Ports;
import dev.datapipeline.backends.PostgresServer;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A program that stores the events of a topic: this application, or what else one would take for
 * it. The others are projects in {@code src/test/peers}. Each writes to a table of its own, which
 * is like {@code raw_events}. Close it.
 */
abstract class Peer implements AutoCloseable {
  /** The partitions of a topic, and the threads or tasks that some peers have for them. */
  static final int PARTITIONS = 4;

  /** Where the peers keep their logs and settings. */
  static final Path DIRECTORY = ServerDirectory.TARGET.resolve("peers");

  private static final Path PROJECTS = Path.of("src/test/peers").toAbsolutePath();

  final String name;
  final String table;

  /** One event of so many is enough to measure it. */
  final int slowness;

  private Peer(String name, String table, int slowness) {
    this.name = name;
    this.table = table;
    this.slowness = slowness;
  }

  /** Builds the peers, and returns the names of all. */
  static List<String> build() throws Exception {
    Files.createDirectories(DIRECTORY);
    maven("spring", "compile", "dependency:build-classpath");
    maven("debezium", "dependency:build-classpath");
    maven("jakarta", "package");
    return List.of("datapipeline", "spring", "insert", "upsert", "jakarta");
  }

  /** Opens a peer for a topic, with an empty table. */
  static Peer of(String name, String topic, Backends backends) throws Exception {
    return switch (name) {
      case "datapipeline" -> new Own(topic, backends);
      case "spring" -> spring(topic, backends);
      case "jakarta" -> jakarta(topic, backends);
      default -> debezium(topic, backends, name);
    };
  }

  private static void maven(String project, String... goals) throws Exception {
    Path log = DIRECTORY.resolve(project + ".build.log");
    List<String> command = new ArrayList<>(List.of("mvn", "-B", "-q"));
    command.addAll(List.of(goals));
    command.add("-Dmdep.outputFile=" + DIRECTORY.resolve(project + ".classpath"));
    int status =
        new ProcessBuilder(command)
            .directory(PROJECTS.resolve(project).toFile())
            .redirectErrorStream(true)
            .redirectOutput(Redirect.to(log.toFile()))
            .start()
            .waitFor();
    assertThat(status).as("see %s", log).isZero();
  }

  private static String classpath(String project) throws IOException {
    return Files.readString(DIRECTORY.resolve(project + ".classpath")).strip();
  }

  /** Returns how many of the topic's records are in its table, each counted once. */
  final long unique(Database database) {
    return database.number(
        "SELECT count(DISTINCT (topic_partition_id, kafka_offset)) FROM " + table);
  }

  /** Starts it, again if it was killed. */
  abstract void start();

  /** Returns the process that does the work, which a script may still be about to start. */
  abstract long pid();

  abstract boolean isAlive();

  abstract void kill();

  @Override
  public void close() {
    kill();
  }

  /** This application. */
  private static final class Own extends Peer {
    private final Application application;

    Own(String topic, Backends backends) {
      super("datapipeline", "raw_events", 1);
      Backlog.clear(backends);
      application = Backlog.application(backends, "peers", topic);
    }

    @Override
    void start() {
      application.start();
    }

    @Override
    long pid() {
      return application.pid();
    }

    @Override
    boolean isAlive() {
      return ProcessHandle.of(pid()).isPresent();
    }

    @Override
    void kill() {
      application.kill();
    }
  }

  /** A program of its own, whose table exists as long as it is open. */
  private static final class Command extends Peer {
    private final List<String> command;
    private final Map<String, String> environment;
    private final Database database;
    private Process process;

    Command(
        String name,
        String table,
        int slowness,
        Backends backends,
        List<String> command,
        Map<String, String> environment) {
      super(name, table, slowness);
      this.command = command;
      this.environment = environment;
      database = new Database(backends.postgres());
      database.execute("DROP TABLE IF EXISTS " + table);
      database.execute("CREATE TABLE %s (LIKE raw_events INCLUDING ALL)".formatted(table));
    }

    @Override
    void start() {
      ProcessBuilder builder =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(Redirect.appendTo(DIRECTORY.resolve(table + ".log").toFile()));
      builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
      builder.environment().putAll(environment);
      try {
        process = builder.start();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      Runtime.getRuntime().addShutdownHook(new Thread(this::kill));
    }

    @Override
    long pid() {
      // a start script waits for its JVM
      return process.descendants().mapToLong(ProcessHandle::pid).findFirst().orElse(process.pid());
    }

    @Override
    boolean isAlive() {
      return process.isAlive();
    }

    @Override
    void kill() {
      if (process != null) {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
        process.onExit().join();
      }
    }

    @Override
    public void close() {
      kill();
      database.execute("DROP TABLE " + table);
    }
  }

  private static String java() {
    return Path.of(System.getProperty("java.home"), "bin/java").toString();
  }

  private static String url(PostgresServer postgres, String more) {
    return "%s%suser=%s&password=%s%s"
        .formatted(
            postgres.jdbcUrl(),
            postgres.jdbcUrl().contains("?") ? "&" : "?",
            postgres.user(),
            postgres.password(),
            more);
  }

  /** A batch listener that copies what a poll returns, and repeats until that works. */
  private static Peer spring(String topic, Backends backends) throws IOException {
    return new Command(
        "Spring Kafka, COPY",
        "peer_spring",
        1,
        backends,
        List.of(
            java(),
            "-Xmx384m",
            "-cp",
            PROJECTS.resolve("spring/target/classes") + File.pathSeparator + classpath("spring"),
            "SpringPeer",
            backends.kafka().bootstrapServers(),
            topic,
            url(backends.postgres(), ""),
            "peer_spring"),
        Map.of());
  }

  /** Kafka Connect with the JDBC sink of Debezium. */
  private static Peer debezium(String topic, Backends backends, String mode) throws IOException {
    String table = "peer_debezium_" + mode;
    Path worker =
        properties(
            table + "-worker",
            Map.of(
                "bootstrap.servers", backends.kafka().bootstrapServers(),
                "listeners", "http://127.0.0.1:" + Ports.free(),
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
    sink.put(
        "connection.url",
        url(backends.postgres(), "&stringtype=unspecified&reWriteBatchedInserts=true"));
    sink.put("connection.username", backends.postgres().user());
    sink.put("connection.password", backends.postgres().password());
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
    Peer peer =
        new Command(
            "Debezium JDBC sink, " + mode,
            table,
            1,
            backends,
            List.of(
                java(),
                "-Xmx1g",
                "-cp",
                classpath("debezium"),
                "org.apache.kafka.connect.cli.ConnectStandalone",
                worker.toString(),
                properties(table, sink).toString()),
            Map.of());
    if (mode.equals("upsert")) {
      new Database(backends.postgres())
          .execute(
              "ALTER TABLE %s ADD __connect_topic text, ADD __connect_partition integer, ADD __connect_offset bigint, ADD UNIQUE (__connect_topic, __connect_partition, __connect_offset)"
                  .formatted(table));
    }
    return peer;
  }

  private static Path properties(String name, Map<String, String> properties) throws IOException {
    List<String> lines = new ArrayList<>();
    properties.forEach((key, value) -> lines.add(key + "=" + value));
    return Files.write(DIRECTORY.resolve(name + ".properties"), lines);
  }

  /** An {@code @Incoming} method on the same server, which persists one event per transaction. */
  private static Peer jakarta(String topic, Backends backends) throws IOException {
    Path user = DIRECTORY.resolve("jakarta/usr");
    Path server = Files.createDirectories(user.resolve("servers/peer/apps")).getParent();
    ServerDirectory.installDriver(user);
    copy(PROJECTS.resolve("jakarta/server/server.xml"), server.resolve("server.xml"));
    copy(PROJECTS.resolve("jakarta/target/peer.war"), server.resolve("apps/peer.war"));
    PostgresServer postgres = backends.postgres();
    return new Command(
        "Jakarta, one by one",
        "peer_jakarta",
        40,
        backends,
        List.of(ServerDirectory.RUNTIME.resolve("bin/server").toString(), "run", "peer"),
        Map.of(
            "WLP_USER_DIR", user.toString(),
            "PEER_BOOTSTRAP_SERVERS", backends.kafka().bootstrapServers(),
            "PEER_TOPIC", topic,
            "PEER_HTTP_PORT", Integer.toString(Ports.free()),
            "PEER_DB_HOST", postgres.host(),
            "PEER_DB_PORT", Integer.toString(postgres.port()),
            "PEER_DB_NAME", postgres.database(),
            "PEER_DB_USER", postgres.user(),
            "PEER_DB_PASSWORD", postgres.password()));
  }

  private static void copy(Path from, Path to) throws IOException {
    Files.copy(from, to, StandardCopyOption.REPLACE_EXISTING);
  }
}
