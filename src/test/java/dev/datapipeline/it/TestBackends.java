package dev.datapipeline.it;

import dev.datapipeline.backends.Backends;
import dev.datapipeline.backends.KafkaBroker;
import dev.datapipeline.backends.KafkaCluster;
import dev.datapipeline.backends.Ports;
import dev.datapipeline.backends.TcpProxy;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The broker and the database that all tests of one JVM share. They are empty at first and listen
 * on free ports. Maven runs the tests in several JVMs at once; each of them has its own backends,
 * so that a test can kill them without disturbing the tests of another JVM.
 */
public final class TestBackends {
  /** Tells the JVMs of one Maven build apart. */
  static final String FORK = System.getProperty("it.fork", "-1");

  static final Path DIRECTORY = ServerDirectory.TARGET.resolve("it/backends" + FORK);

  /** A transaction that a dead producer left open is aborted soon. */
  private static final Map<String, String> OPEN_TRANSACTIONS =
      Map.of("transaction.abort.timed.out.transaction.cleanup.interval.ms", "1000");

  private static Backends backends;
  private static TcpProxy brokerProxy;

  private TestBackends() {}

  /** Returns the backends; starts them at the first call. */
  public static synchronized Backends get() {
    if (backends == null) {
      delete(DIRECTORY);
      backends = new Backends(DIRECTORY, 0, 0);
      KafkaBroker kafka = backends.kafka();
      brokerProxy = proxy(kafka);
      // Everything is allowed until a test denies something.
      kafka
          .properties(
              Map.of(
                  "authorizer.class.name",
                  "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
                  "allow.everyone.if.no.acl.found",
                  "true"))
          .properties(OPEN_TRANSACTIONS);
      backends.start(System.out);
    }
    return backends;
  }

  /** Starts several brokers, in addition to the one that all tests share. Close them. */
  static KafkaCluster startCluster(int brokers) {
    KafkaCluster cluster = cluster(brokers);
    cluster.start();
    return cluster;
  }

  /** The same without starting them. */
  static KafkaCluster cluster(int brokers) {
    get();
    Path directory = DIRECTORY.resolve("cluster");
    delete(directory);
    return new KafkaCluster(directory, brokers).properties(OPEN_TRANSACTIONS);
  }

  /**
   * Creates a proxy to a broker that is not started yet. Clients that begin with it never bypass
   * it.
   */
  static TcpProxy proxy(KafkaBroker kafka) {
    int behindProxy = Ports.free();
    TcpProxy proxy = new TcpProxy("localhost", behindProxy);
    String listener = "PLAINTEXT://localhost:%d,PROXIED://localhost:%d";
    kafka.properties(
        Map.of(
            "listeners",
            listener.formatted(kafka.port(), behindProxy)
                + ",CONTROLLER://localhost:%d".formatted(kafka.controllerPort()),
            "advertised.listeners",
            listener.formatted(kafka.port(), proxy.port()),
            "listener.security.protocol.map",
            "PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT"));
    return proxy;
  }

  /** Returns a proxy to the same broker. Clients that begin with it never bypass it. */
  static synchronized TcpProxy brokerProxy() {
    get();
    return brokerProxy;
  }

  /** Copies a directory and everything in it. */
  static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Path target = to.resolve(from.relativize(file).toString());
        if (Files.isDirectory(file)) {
          Files.createDirectories(target);
        } else {
          Files.copy(file, target);
        }
      }
    }
  }

  /** Cuts off the end of a file. */
  static void cutOff(Path file, long bytes) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.truncate(bytes);
    }
  }

  /** Deletes a directory and everything in it. */
  static void delete(Path directory) {
    if (!Files.exists(directory)) {
      return;
    }
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
