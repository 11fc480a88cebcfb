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
 * Starts PostgreSQL and Kafka for the application on a developer's machine. Both run until this JVM
 * ends.
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
        --server DIR         stops the Liberty server of this directory when the JVM ends
        --wait               runs until it is stopped (Ctrl-C)
        --help
      Starts PostgreSQL and Kafka. They run until this program's JVM ends, for whatever reason.
      """;

  private static final Map<String, String> KAFKA_TOOLS =
      Map.of(
          "kafka-console-producer", "org.apache.kafka.tools.ConsoleProducer",
          "kafka-console-consumer", "org.apache.kafka.tools.consumer.ConsoleConsumer",
          "kafka-topics", "org.apache.kafka.tools.TopicCommand",
          "kafka-consumer-groups", "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand");

  private static final Path STANDARD_INPUT = Path.of("/dev/stdin");

  // java.util.logging forgets the levels of loggers that nothing refers to
  private static final Logger KAFKA_LOGGER = Logger.getLogger("org.apache.kafka");

  private final Path directory;
  private final PostgresServer postgres;
  private final KafkaBroker kafka;

  /**
   * Creates backends without starting them.
   *
   * @param directory for data, logs and scripts; created if missing
   * @param postgresPort 0 picks a free one
   * @param kafkaPort 0 picks a free one
   */
  public Backends(Path directory, int postgresPort, int kafkaPort) {
    this.directory = directory;
    this.postgres = new PostgresServer(directory.resolve("postgres"), postgresPort);
    this.kafka = new KafkaBroker(directory.resolve("kafka"), kafkaPort);
  }

  /**
   * Starts both, prints their addresses, and returns while they run (unless {@code --wait} is
   * given).
   *
   * @throws BackendException if one of them cannot be started; then neither runs
   */
  public static void main(String[] args) throws Exception {
    try {
      run(options(args));
    } catch (BackendException | IllegalArgumentException e) {
      if (e.getCause() == null) {
        // The message is enough; Maven would print the stack trace above it.
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
    Path server = options.containsKey("--server") ? Path.of(options.get("--server")) : null;
    try {
      backends.prepare();
      if (server != null) {
        // Liberty would run without HTTP, and say so in the middle of its log.
        Ports.requireFree(httpPort, "the application", "HTTP_PORT=…");
      }
      backends.start(System.out);
      backends.writeScripts();
      if (options.containsKey("--properties")) {
        backends.writeProperties(Path.of(options.get("--properties")));
      }
      String text = backends.nextSteps(httpPort, server);
      QuietConsole console = new QuietConsole(System.out);
      new NextSteps(httpPort, text, console).printWhenReady();
      backends.keepUntilExit(server);
      if (server != null) {
        System.out.println(
            "Open Liberty starts with the application; its log is " + shown(serverLog(server)));
        console.begin();
      }
    } catch (IOException | RuntimeException e) {
      backends.close();
      throw e;
    }
    if (options.containsKey("--wait")) {
      System.out.println("Ctrl-C stops both.");
      new CountDownLatch(1).await();
    }
  }

  /**
   * Keeps both running until the JVM ends, although Maven drops this class. They stop when the
   * JVM's ends of their pipes are closed, which is after its shutdown hooks: a server that is
   * guarded stops first, because it still needs them.
   *
   * @param server the server's directory, or null for none
   */
  private void keepUntilExit(Path server) throws IOException {
    ServerGuard guard =
        server == null ? null : ServerGuard.start(server, directory.resolve("guard.args"));
    Runtime.getRuntime()
        .addShutdownHook(
            lastingThread(
                () -> {
                  if (guard != null) {
                    guard.stop();
                  }
                  Reference.reachabilityFence(this);
                },
                "backends"));
  }

  /**
   * Creates a thread that may run after {@code main} has returned. Maven's exec:java then ends the
   * threads of its thread group and destroys the group. A shutdown hook of a destroyed group cannot
   * start, and its exception keeps the JVM from running the other hooks, such as dev mode's.
   */
  static Thread lastingThread(Runnable work, String name) {
    ThreadGroup group = Thread.currentThread().getThreadGroup();
    while (group.getParent() != null) {
      group = group.getParent();
    }
    Thread thread = new Thread(group, work, name);
    thread.setContextClassLoader(ClassLoader.getSystemClassLoader());
    return thread;
  }

  private static Path serverLog(Path server) {
    return server.resolve("logs/messages.log");
  }

  private static Map<String, String> options(String[] args) {
    Map<String, String> options = new LinkedHashMap<>();
    for (int i = 0; i < args.length; i++) {
      switch (args[i]) {
        case "--help", "--wait" -> options.put(args[i], "");
        case "--directory",
            "--postgres-port",
            "--kafka-port",
            "--http-port",
            "--properties",
            "--server" -> {
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
      // reported below
    }
    throw new IllegalArgumentException(
        name.substring(2) + " is \"" + value + "\"; it must be a number from 0 to 65535.");
  }

  /** Checks everything that could prevent a start, before anything starts. */
  private void prepare() {
    postgres.prepare();
    kafka.prepare();
  }

  /**
   * Starts both at the same time.
   *
   * @param out receives one line for each
   * @throws BackendException if one of them cannot be started; then neither runs
   */
  public void start(PrintStream out) {
    try {
      prepare();
      out.println("Starting PostgreSQL and Kafka in " + shown(directory) + " …");
      List<FutureTask<Void>> starts = new ArrayList<>();
      starts.add(
          inBackground(
              () -> {
                long start = System.nanoTime();
                postgres.start();
                out.println("PostgreSQL is running on " + at(postgres.port(), start));
              }));
      starts.add(
          inBackground(
              () -> {
                long start = System.nanoTime();
                kafka.start();
                out.println("Kafka is running on " + at(kafka.port(), start));
              }));
      // Wait for both first, so that neither is still starting when close() is called.
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

  /** Returns the application's settings for these backends, as environment variables. */
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
    // Dev mode runs all tests at its start if nobody can press Enter to run them.
    if (isNull(STANDARD_INPUT)) {
      text.append("skipTests=true\n");
    }
    Map<String, String> environment = environment();
    // The console shows what needs attention; the log file has everything.
    environment.put("CONSOLE_LOG_LEVEL", consoleLogLevel());
    environment.put("WLP_LOGGING_CONSOLE_LOGLEVEL", consoleLogLevel());
    environment.forEach(
        (name, value) ->
            text.append("liberty.env.").append(name).append('=').append(value).append('\n'));
    PrivateFiles.write(file, text.toString());
  }

  private static String consoleLogLevel() {
    return System.getenv().getOrDefault("CONSOLE_LOG_LEVEL", "WARNING");
  }

  private static boolean isNull(Path file) {
    try {
      return Files.isSameFile(file, Path.of("/dev/null"));
    } catch (IOException e) {
      return false; // closed, or a system that does not tell
    }
  }

  /** Writes scripts with the names that Kafka's and PostgreSQL's distributions use. */
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
          echo 'There is no psql on the PATH. Install it: Debian, Ubuntu: apt install postgresql-client;' \\
            'Fedora: dnf install postgresql; macOS: brew install libpq.' >&2
          exit 127
        fi
        export PGPASSFILE=%s
        exec psql -h %s -p %d -U %s -d %s "$@"
        """;
    writeScript(
        psqlScript(),
        String.format(
            psql,
            quoted(postgres.passFile().toString()),
            postgres.host(),
            postgres.port(),
            postgres.user(),
            postgres.database()));
  }

  private static void writeScript(Path file, String body) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, "#!/bin/sh\n# Written by `mvn` at each start\n" + body);
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
   * Describes what a developer can do with the running application, with commands to copy.
   *
   * @param httpPort the application's port
   * @param server the server's directory, or null if it is unknown
   */
  String nextSteps(int httpPort, Path server) {
    String topic = System.getenv().getOrDefault("KAFKA_TOPIC", "sensor_data");
    String target = " --bootstrap-server " + kafka.bootstrapServers() + " --topic " + topic;
    String text =
        String.format(
            """

            ------------------------------------------------------------------------
            The pipeline is running. Open the dashboard:
              http://localhost:%1$d/

            Query the events:
              psql '%2$s' -c 'SELECT * FROM raw_events LIMIT 10;'
              curl -s 'http://localhost:%1$d/api/events?limit=3'
            A shell in the database, without an address:
              %3$s

            Send an event by hand:
              echo '{"hello":"world"}' | %4$s%5$s

            Read the topic from its beginning:
              %6$s%5$s --from-beginning

            Health   curl -s http://localhost:%1$d/api/health
            Data     %7$s
            """,
            httpPort,
            postgres.uri(relative(postgres.passFile())),
            shown(psqlScript()),
            shown(kafkaTool("kafka-console-producer")),
            target,
            shown(kafkaTool("kafka-console-consumer")),
            shown(directory));
    if (server != null) {
      String log = shown(serverLog(server));
      text += "Log      " + log + "\n";
      text += "         grep OPERATOR_PASSWORD " + log + "   # the operator's password\n";
    }
    return text
        + """
        Ctrl-C stops everything. The data stay.
        ------------------------------------------------------------------------
        """;
  }

  /** Returns a path for a shell in the working directory, quoted if necessary. */
  private static String shown(Path path) {
    String text = relative(path).toString();
    return text.matches("[\\w./+-]+") ? text : quoted(text);
  }

  /** Returns a short path if the file is below the working directory, else an absolute one. */
  private static Path relative(Path path) {
    Path here = Path.of("").toAbsolutePath();
    Path absolute = path.toAbsolutePath().normalize();
    return absolute.startsWith(here) ? here.relativize(absolute) : absolute;
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
