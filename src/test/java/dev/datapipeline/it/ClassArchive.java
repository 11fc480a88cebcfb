package dev.datapipeline.it;

import static org.awaitility.Awaitility.await;

import dev.datapipeline.backends.Ports;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Map;

/**
 * A file with the classes of a running server, in the form in which the JVM holds them (JEP 350). A
 * server that maps it starts with a quarter less processor time, and the tests start many. It is
 * created once, and stays valid until the runtime or the JDK changes: a class that differs from the
 * archived one is loaded as usual.
 */
final class ClassArchive {
  private static final Path DIRECTORY = ServerDirectory.TARGET.resolve("it");
  private static final Path FILE =
      DIRECTORY.resolve("classes-" + System.getProperty("java.runtime.version") + ".jsa");

  private ClassArchive() {}

  /**
   * Returns the value of {@code JVM_ARGS} for a server that uses the archive. The first call
   * creates it, which takes as long as starting and stopping a server.
   */
  static synchronized String jvmArgs() {
    if (!Files.exists(FILE)) {
      try {
        createOnce();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return option("SharedArchiveFile", FILE);
  }

  private static String option(String name, Path file) {
    // quoted, because the start script splits the value at spaces
    return "'-XX:%s=%s'".formatted(name, file);
  }

  /** Waits for another JVM of the same build that is creating it. */
  private static void createOnce() throws IOException {
    Files.createDirectories(DIRECTORY);
    try (FileChannel channel =
        FileChannel.open(
            DIRECTORY.resolve("classes.lock"),
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE)) {
      // until the channel is closed
      channel.lock();
      if (!Files.exists(FILE)) {
        create();
      }
    }
  }

  private static void create() throws IOException {
    Path unfinished = DIRECTORY.resolve("classes.tmp");
    Files.deleteIfExists(unfinished);
    Map<String, String> environment =
        Map.of(
            "JVM_ARGS",
            option("ArchiveClassesAtExit", unfinished),
            "WLP_SKIP_BOOTSTRAP_AGENT",
            "true",
            // no broker and no database are needed
            "KAFKA_BOOTSTRAP_SERVERS",
            "localhost:" + Ports.free(),
            "DB_PORT",
            Integer.toString(Ports.free()));
    try (Application application = new Application("classes", environment)) {
      application.start();
      await("the application")
          .atMost(Duration.ofMinutes(3))
          .until(() -> application.health().live().equals("UP"));
      // the JVM writes the archive when it ends
      application.stop(120);
    }
    Files.move(unfinished, FILE, StandardCopyOption.ATOMIC_MOVE);
  }
}
