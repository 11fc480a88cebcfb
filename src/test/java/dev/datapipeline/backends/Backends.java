package dev.datapipeline.backends;

import java.io.IOException;
import java.io.PrintStream;
import java.lang.ref.Reference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Starts the PostgreSQL server and the Kafka broker with which the application is run on a
 * developer's machine, and leaves them running until this JVM ends.
 */
public final class Backends implements AutoCloseable {
  private static final String USAGE =
      """
      Usage: Backends [options]
        --directory DIR      keeps the data, logs and scripts (target/backends)
        --postgres-port N    0 for a free one (15432)
        --kafka-port N       0 for a free one (19092)
        --http-port N        where the application will answer ($HTTP_PORT, or 9080)
        --properties FILE    writes the application's environment there, as liberty.env.NAME=value
        --wait               stays until it is ended (Ctrl-C)
        --help
      Starts PostgreSQL and Kafka. They run until this program's JVM ends, whatever ends it.
      """;

  private static final Map<String, String> KAFKA_TOOLS =
      Map.of(
          "kafka-console-producer", "org.apache.kafka.tools.ConsoleProducer",
          "kafka-console-consumer", "org.apache.kafka.tools.consumer.ConsoleConsumer",
          "kafka-topics", "org.apache.kafka.tools.TopicCommand",
          "kafka-consumer-groups", "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand");

  // java.util.logging forgets the levels of loggers which nobody holds
  private static final Logger KAFKA_LOGGER = Logger.getLogger("org.apache.kafka");

  private final Path directory;
  private final PostgresServer postgres;
  private final KafkaBroker kafka;

  /**
   * Backends which do not run yet.
   *
   * @param directory keeps everything; created if missing
   * @param postgresPort 0 picks a free one
   * @param kafkaPort 0 picks a free one
   */
  public Backends(Path directory, int postgresPort, int kafkaPort) {
    this.directory = directory;
    this.postgres = new PostgresServer(directory.resolve("postgres"), postgresPort);
    this.kafka = new KafkaBroker(directory.resolve("kafka"), kafkaPort);
  }

  /**
   * Starts both, prints where they are, and returns while they run (but see {@code --wait}).
   *
   * @throws BackendException one of them cannot be started; then neither runs
   */
  public static void main(String[] args) throws Exception {
    try {
      run(options(args));
    } catch (BackendException | IllegalArgumentException e) {
      if (e.getCause() == null) {
        // The message says it all, and Maven would print where it came from above it.
        e.setStackTrace(new StackTraceElement[0]);
      }
      throw e;
    }
  }

  private static void run(Map<String, String> options) throws Exception {
    if (options.containsKey("--help")) {
      System.out.print(USAGE);
      return;
    }
    KAFKA_LOGGER.setLevel(Level.WARNING);
    Backends backends =
        new Backends(
            Path.of(options.getOrDefault("--directory", "target/backends")),
            port(options, "--postgres-port", "15432"),
            port(options, "--kafka-port", "19092"));
    String http = System.getenv().getOrDefault("HTTP_PORT", "9080");
    int httpPort = port(options, "--http-port", http);
    backends.start(System.out);
    try {
      backends.writeScripts();
      if (options.containsKey("--properties")) {
        backends.writeProperties(Path.of(options.get("--properties")));
      }
      new NextSteps(httpPort, backends.nextSteps(httpPort), System.out).printWhenReady();
    } catch (IOException | RuntimeException e) {
      backends.close();
      throw e;
    }
    // The pipes to the two must stay open until the JVM ends, and Maven drops this class. Nothing
    // is stopped here: the application stops at the same time, and still needs them.
    Runtime.getRuntime()
        .addShutdownHook(new Thread(() -> Reference.reachabilityFence(backends), "backends"));
    if (options.containsKey("--wait")) {
      System.out.println("Ctrl-C stops both.");
      new CountDownLatch(1).await();
    }
  }

  private static Map<String, String> options(String[] args) {
    Map<String, String> options = new LinkedHashMap<>();
    for (int i = 0; i < args.length; i++) {
      switch (args[i]) {
        case "--help", "--wait" -> options.put(args[i], "");
        case "--directory", "--postgres-port", "--kafka-port", "--http-port", "--properties" -> {
          if (i + 1 == args.length) {
            throw new IllegalArgumentException(args[i] + " needs a value.\n" + USAGE);
          }
          options.put(args[i], args[++i]);
        }
        default -> throw new IllegalArgumentException("Unknown: " + args[i] + "\n" + USAGE);
      }
    }
    return options;
  }

  private static int port(Map<String, String> options, String name, String defaultValue) {
    String value = options.getOrDefault(name, defaultValue);
    try {
      int port = Integer.parseInt(value.strip());
      if (port >= 0 && port <= 65_535) {
        return port;
      }
    } catch (NumberFormatException e) {
      // said below
    }
    throw new IllegalArgumentException(
        name.substring(2) + " is \"" + value + "\"; it must be a number from 0 to 65535.");
  }

  /**
   * Starts both at the same time.
   *
   * @param out gets a line for each
   * @throws BackendException one of them cannot be started; then neither runs
   */
  public void start(PrintStream out) {
    try {
      // All that can be in the way is looked for before anything is started.
      postgres.prepare();
      kafka.prepare();
      out.println("Starting PostgreSQL and Kafka in " + directory + " …");
      List<FutureTask<Void>> starts = new ArrayList<>();
      starts.add(
          inBackground(
              () -> {
                long start = System.nanoTime();
                postgres.start();
                out.println("PostgreSQL runs on " + at(postgres.port(), start));
              }));
      starts.add(
          inBackground(
              () -> {
                long start = System.nanoTime();
                kafka.start();
                out.println("Kafka runs on " + at(kafka.port(), start));
              }));
      // first wait for both, so that none is still starting when we close them
      List<Throwable> failures = new ArrayList<>();
      for (FutureTask<Void> task : starts) {
        try {
          task.get();
        } catch (ExecutionException e) {
          failures.add(e.getCause());
        }
      }
      if (!failures.isEmpty()) {
        Throwable failure = failures.get(0);
        failures.stream().skip(1).forEach(failure::addSuppressed);
        throw failure instanceof RuntimeException known
            ? known
            : new BackendException("A backend did not start: " + failure, failure);
      }
    } catch (InterruptedException e) {
      close();
      throw Processes.interrupted(e);
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  private static String at(int port, long start) {
    return String.format(
        Locale.ROOT, "localhost:%d (%.1f s)", port, (System.nanoTime() - start) / 1e9);
  }

  private static FutureTask<Void> inBackground(Runnable work) {
    FutureTask<Void> task = new FutureTask<>(work, null);
    new Thread(task, "backend-start").start();
    return task;
  }

  /** What the application needs to know, as environment variables. */
  public Map<String, String> environment() {
    Map<String, String> environment = new LinkedHashMap<>();
    environment.put("DB_HOST", postgres.host());
    environment.put("DB_PORT", Integer.toString(postgres.port()));
    environment.put("DB_NAME", postgres.database());
    environment.put("DB_USER", postgres.user());
    environment.put("DB_PASSWORD", postgres.password());
    environment.put("KAFKA_BOOTSTRAP_SERVERS", kafka.bootstrapServers());
    return environment;
  }

  private void writeProperties(Path file) throws IOException {
    StringBuilder text = new StringBuilder();
    environment()
        .forEach(
            (name, value) ->
                text.append("liberty.env.").append(name).append('=').append(value).append('\n'));
    PrivateFiles.write(file, text.toString());
  }

  /** The commands which a developer knows from Kafka's and PostgreSQL's own distributions. */
  private void writeScripts() throws IOException {
    Path tools = directory.resolve("kafka/tools.args").toAbsolutePath();
    Path logging = directory.resolve("kafka/tools-logging.properties").toAbsolutePath();
    Files.writeString(
        logging,
        """
        handlers = java.util.logging.ConsoleHandler
        .level = WARNING
        java.util.logging.SimpleFormatter.format = %4$s %5$s%6$s%n
        """);
    ClassPath.writeArguments(
        tools,
        "-Xmx256m",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-Djava.util.logging.config.file=" + logging);
    for (Map.Entry<String, String> tool : KAFKA_TOOLS.entrySet()) {
      writeScript(
          kafkaTool(tool.getKey()),
          "exec "
              + quoted(ClassPath.java())
              + " "
              + quoted("@" + tools)
              + " "
              + tool.getValue()
              + " \"$@\"\n");
    }
    String psql =
        """
        if ! command -v psql >/dev/null; then
          echo 'There is no psql on the PATH. Debian, Ubuntu: apt install postgresql-client;' \\
            'Fedora: dnf install postgresql; macOS: brew install libpq.' >&2
          exit 127
        fi
        PGPASSWORD=$(cat %s) || exit
        export PGPASSWORD
        exec psql -h %s -p %d -U %s -d %s "$@"
        """;
    writeScript(
        psqlScript(),
        String.format(
            psql,
            quoted(postgres.passwordFile().toString()),
            postgres.host(),
            postgres.port(),
            postgres.user(),
            postgres.database()));
  }

  private static void writeScript(Path file, String body) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, "#!/bin/sh\n# written by `mvn` at each start\n" + body);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private static String quoted(String word) {
    return "'" + word.replace("'", "'\\''") + "'";
  }

  private Path psqlScript() {
    return directory.resolve("bin/psql");
  }

  private Path kafkaTool(String name) {
    return directory.resolve("kafka/bin/" + name + ".sh");
  }

  /**
   * What a developer can do with the running application, with commands that can be copied.
   *
   * @param httpPort the application's
   */
  public String nextSteps(int httpPort) {
    String topic = System.getenv().getOrDefault("KAFKA_TOPIC", "sensor_data");
    String target = " --bootstrap-server " + kafka.bootstrapServers() + " --topic " + topic;
    return String.format(
        """

        ------------------------------------------------------------------------
        The pipeline runs. Ctrl-C stops it; the data stay in %1$s.

          Dashboard     http://localhost:%2$d/
          Health        http://localhost:%2$d/health

        Query the events:
          psql %3$s -c 'SELECT * FROM raw_events LIMIT 10;'
        or, for the same without the password:
          %4$s

        Send one by hand:
          echo '{"hello":"world"}' | %5$s%6$s

        Read the topic from its beginning:
          %7$s%6$s --from-beginning
        ------------------------------------------------------------------------
        """,
        directory,
        httpPort,
        postgres.psqlUrl(),
        shown(psqlScript()),
        shown(kafkaTool("kafka-console-producer")),
        target,
        shown(kafkaTool("kafka-console-consumer")));
  }

  /** Short if the user is in the project's directory, and quoted where a shell needs it. */
  private static String shown(Path path) {
    Path here = Path.of("").toAbsolutePath();
    Path absolute = path.toAbsolutePath().normalize();
    String text = (absolute.startsWith(here) ? here.relativize(absolute) : absolute).toString();
    return text.matches("[\\w./+-]+") ? text : quoted(text);
  }

  public PostgresServer postgres() {
    return postgres;
  }

  public KafkaBroker kafka() {
    return kafka;
  }

  /** Stops both, if they run. */
  @Override
  public void close() {
    try {
      kafka.close();
    } finally {
      postgres.close();
    }
  }
}
