package dev.datapipeline.backends;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.Uuid;

/**
 * A real Kafka broker in KRaft mode. It is a controller, too, and runs in a separate JVM, so that
 * it can be killed. It listens on the loopback interface only. {@link KafkaCluster} combines
 * several.
 *
 * <p>The data stay in the directory; a later broker on the same directory finds them. When this JVM
 * ends for any reason, the broker shuts down cleanly within some seconds. A Ctrl-C in the terminal
 * does not reach it, so that programs that use it can stop first.
 *
 * <p>All methods wait for the completion of what they start. They throw {@link BackendException} on
 * a timeout.
 */
public final class KafkaBroker implements AutoCloseable {
  private static final Duration START_TIMEOUT = Duration.ofSeconds(180);
  private static final Duration STOP_TIMEOUT = Duration.ofSeconds(40);

  private final Path directory;
  private final int port;
  private final int controllerPort;
  private final Map<String, String> extraProperties = new TreeMap<>();
  private final Map<String, String> environment = new TreeMap<>();
  private String protocol = "PLAINTEXT";
  private Map<String, String> clientProperties = Map.of();
  private String clusterId = Uuid.randomUuid().toString();
  private List<String> jvmOptions = List.of("-Xmx512m");

  private DirectoryLock lock;
  private Process process;
  private Process pause;

  /**
   * Creates a broker without starting it.
   *
   * @param directory keeps the data and the log; created if missing
   * @param port on which to listen; 0 picks a free one and keeps it for this object's life
   */
  public KafkaBroker(Path directory, int port) {
    this.directory = directory.toAbsolutePath().normalize();
    this.port = port == 0 ? Ports.free() : port;
    this.controllerPort = Ports.free();
  }

  /**
   * Sets broker properties, from the next start on. They add to those set before and win over the
   * defaults. To have one more listener, give {@code listeners} with the two which are always
   * there: {@code PLAINTEXT://localhost:} (or another {@link #protocol}) with {@link #port()} and
   * {@code CONTROLLER://localhost:} with {@link #controllerPort()}.
   *
   * @return this
   */
  public synchronized KafkaBroker properties(Map<String, String> properties) {
    extraProperties.putAll(properties);
    return this;
  }

  /**
   * Sets environment variables of the broker's process, from the next start on. They add to those
   * set before.
   *
   * @return this
   */
  public synchronized KafkaBroker environment(Map<String, String> variables) {
    environment.putAll(variables);
    return this;
  }

  /**
   * Sets what the listener on {@link #port()} speaks, which is {@code PLAINTEXT} otherwise, from
   * the next start on. Its key store and credentials are to be set with {@link #properties}.
   *
   * @param name a security protocol, which is also the listener's name
   * @param properties what a client needs to connect
   * @return this
   */
  public synchronized KafkaBroker protocol(String name, Map<String, String> properties) {
    protocol = name;
    clientProperties = Map.copyOf(properties);
    return this;
  }

  /**
   * Makes this broker a member of a cluster; before its first start.
   *
   * @param cluster the cluster's id
   * @param id tells the members apart
   * @param voters the controllers of all members, as {@code controller.quorum.voters}
   * @return this
   */
  synchronized KafkaBroker memberOf(String cluster, int id, String voters) {
    clusterId = cluster;
    // several of them share the machine
    jvmOptions = List.of("-Xmx256m", "-XX:TieredStopAtLevel=1");
    return properties(Map.of("node.id", Integer.toString(id), "controller.quorum.voters", voters));
  }

  /**
   * Starts the broker, if it does not run, and returns when it has answered a client.
   *
   * @throws BackendException the port is taken, another run uses the directory, or Kafka does not
   *     start; then the message ends with the broker's log
   */
  public synchronized void start() {
    if (isRunning()) {
      return;
    }
    process = null;
    prepare();
    try {
      launch();
      awaitAnswer();
    } catch (IOException e) {
      kill();
      throw new UncheckedIOException("Cannot start Kafka in " + directory, e);
    } catch (RuntimeException e) {
      kill();
      throw e;
    }
  }

  /** Checks everything that could prevent a start. */
  synchronized void prepare() {
    if (lock != null) {
      return;
    }
    lock = DirectoryLock.acquire(directory.resolve("lock"));
    try {
      awaitPredecessor();
      Ports.requireFree(port, "Kafka", "-Dkafka.port=…");
    } catch (RuntimeException e) {
      unlock();
      throw e;
    }
  }

  /** Waits for an earlier broker that is still stopping because its starter was killed. */
  private void awaitPredecessor() {
    Path file = directory.resolve(BrokerMain.LOCK);
    Processes.await(
        () -> {
          DirectoryLock free = DirectoryLock.tryAcquire(file);
          if (free != null) {
            free.close();
          }
          return free != null;
        },
        STOP_TIMEOUT,
        "A Kafka broker still runs in " + directory);
  }

  private void launch() throws IOException {
    Properties properties = new Properties();
    properties.putAll(defaults());
    properties.putAll(extraProperties);
    try (Writer writer = Files.newBufferedWriter(directory.resolve(BrokerMain.PROPERTIES))) {
      properties.store(writer, "Written at each start");
    }
    Path arguments = directory.resolve("broker.args");
    List<String> options = new ArrayList<>(jvmOptions);
    options.addAll(
        List.of(
            "-Xms128m",
            "-XX:+UseSerialGC",
            "-XX:ErrorFile=" + directory.resolve("hs_err.log"),
            "-Djava.awt.headless=true",
            "-Djava.util.logging.SimpleFormatter.format=%1$tF %1$tT.%1$tL %4$s %3$s: %5$s%6$s%n"));
    ClassPath.writeArguments(arguments, options.toArray(String[]::new));
    ProcessBuilder builder =
        new ProcessBuilder(
                "sh",
                "-c",
                // a JVM keeps ignoring signals that were ignored at its start
                "trap '' INT HUP; exec \"$@\"",
                "sh",
                ClassPath.java(),
                "@" + arguments,
                BrokerMain.class.getName(),
                directory.toString(),
                clusterId)
            .redirectErrorStream(true)
            .redirectOutput(output().toFile());
    builder.environment().putAll(environment);
    process = builder.start();
  }

  private Map<String, String> defaults() {
    Map<String, String> defaults = new TreeMap<>();
    defaults.put("process.roles", "broker,controller");
    defaults.put("node.id", "1");
    defaults.put("controller.quorum.voters", "1@localhost:" + controllerPort);
    defaults.put(
        "listeners",
        protocol + "://localhost:" + port + ",CONTROLLER://localhost:" + controllerPort);
    defaults.put("controller.listener.names", "CONTROLLER");
    defaults.put("inter.broker.listener.name", protocol);
    defaults.put(
        "listener.security.protocol.map",
        "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,"
            + "SASL_SSL:SASL_SSL");
    defaults.put("log.dirs", directory.resolve(BrokerMain.DATA).toString());
    // a misspelt topic name is an error, and creates no topic
    defaults.put("auto.create.topics.enable", "false");
    defaults.put("group.initial.rebalance.delay.ms", "0");
    defaults.put("min.insync.replicas", "1");
    // A killed broker can only return after its session has expired, by default after 9 seconds.
    defaults.put("broker.session.timeout.ms", "3000");
    defaults.put("broker.heartbeat.interval.ms", "500");
    // There is only one broker, and each partition of an internal topic slows down the start.
    for (String topic : List.of("offsets.topic", "transaction.state.log")) {
      defaults.put(topic + ".replication.factor", "1");
      defaults.put(topic + ".num.partitions", "3");
    }
    defaults.put("transaction.state.log.min.isr", "1");
    defaults.put("share.coordinator.state.topic.replication.factor", "1");
    defaults.put("share.coordinator.state.topic.num.partitions", "3");
    defaults.put("share.coordinator.state.topic.min.isr", "1");
    // the default would be a quarter of the heap
    defaults.put("log.cleaner.dedupe.buffer.size", Integer.toString(8 << 20));
    return defaults;
  }

  private void awaitAnswer() {
    long deadline = System.nanoTime() + START_TIMEOUT.toNanos();
    // An earlier client would only log warnings.
    while (!Ports.accepts("localhost", port)) {
      requireStarting(deadline);
      Processes.sleep();
    }
    Map<String, Object> configuration = clientProperties();
    while (true) {
      requireStarting(deadline);
      try (Admin admin = Admin.create(configuration)) {
        // The first answers come before the broker is usable; they don't list it.
        if (admin.describeCluster().nodes().get(10, TimeUnit.SECONDS).stream()
            .anyMatch(node -> node.port() == port)) {
          return;
        }
      } catch (InterruptedException e) {
        throw Processes.interrupted(e);
      } catch (ExecutionException | TimeoutException e) {
        // not yet
      }
      Processes.sleep();
    }
  }

  private void requireStarting(long deadline) {
    if (!process.isAlive() || System.nanoTime() > deadline) {
      String state = process.isAlive() ? "does not answer" : "ended at once";
      throw BackendException.withLogs(
          "Kafka did not start: it " + state + ".",
          directory.resolve(BrokerMain.LOG.replace("%g", "0")),
          output());
    }
  }

  /** Returns the directory with the data of a partition, or of all if empty. */
  public Path data(String partition) {
    return directory.resolve(BrokerMain.DATA).resolve(partition);
  }

  private Path output() {
    return directory.resolve("broker.out");
  }

  /** Stops the broker cleanly (SIGTERM). */
  public synchronized void stop() {
    resume();
    if (isRunning()) {
      process.destroy();
      if (!Processes.waitFor(process, STOP_TIMEOUT)) {
        kill();
      }
    }
    unlock();
  }

  /** Kills the broker (SIGKILL), which simulates a crash. */
  public synchronized void kill() {
    if (isRunning()) {
      Processes.kill(List.of(process.toHandle()));
      // isRunning() notices it a moment later
      Processes.waitFor(process, STOP_TIMEOUT);
    }
    resume();
    unlock();
  }

  /** Pauses the broker (SIGSTOP), which simulates a hanging or unreachable broker. */
  public synchronized void pause() {
    if (isRunning() && pause == null) {
      pause = Processes.pause(List.of(process.toHandle()));
    }
  }

  /** Resumes the broker after {@link #pause()}. */
  public synchronized void resume() {
    if (pause != null) {
      Processes.resume(pause);
      pause = null;
    }
  }

  private void unlock() {
    if (lock != null) {
      lock.close();
      lock = null;
    }
  }

  /** Stops the broker, if it runs. */
  @Override
  public void close() {
    stop();
  }

  /** Returns whether the broker's process exists; it may be paused. */
  public synchronized boolean isRunning() {
    return process != null && process.isAlive();
  }

  /** Returns the value of {@code bootstrap.servers} for clients. */
  public String bootstrapServers() {
    return "localhost:" + port;
  }

  /** Returns all properties that a client needs, including {@code bootstrap.servers}. */
  public synchronized Map<String, Object> clientProperties() {
    Map<String, Object> properties = new HashMap<>(clientProperties);
    properties.put(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers());
    return properties;
  }

  public int port() {
    return port;
  }

  /** Returns the port of the controller. */
  public int controllerPort() {
    return controllerPort;
  }
}
