package dev.datapipeline.backends;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.logging.FileHandler;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import kafka.Kafka;
import kafka.tools.StorageTool;

/**
 * Main class of the broker's JVM. Formats the storage on first use, then runs Kafka until standard
 * input ends, which happens when the JVM that started it ends. Started only by {@link KafkaBroker}.
 */
final class BrokerMain {
  /** Locked while the broker runs, even after the JVM that started it has ended. */
  static final String LOCK = "broker.lock";

  /** Exists once the storage is completely formatted. */
  private static final String FORMATTED = "formatted";

  static final String PROPERTIES = "server.properties";
  static final String DATA = "data";
  static final String LOG = "broker.%g.log";

  private static final int LOG_BYTES = 5 << 20;
  private static final int LOG_FILES = 2;
  private static final long EXIT_TIMEOUT_MILLIS = 30_000;

  // java.util.logging forgets the levels of loggers that nothing refers to
  private static final Logger ROOT = Logger.getLogger("");
  private static final Logger SERVER = Logger.getLogger("kafka.server.KafkaRaftServer");
  private static final Logger LOGGER = Logger.getLogger(BrokerMain.class.getName());

  private BrokerMain() {}

  /**
   * Runs the broker.
   *
   * @param args the directory with the properties, and the id that a new cluster gets
   */
  public static void main(String[] args) throws Exception {
    Path directory = Path.of(args[0]);
    startThread("parent-watch", BrokerMain::exitAtEndOfInput);
    log(directory);
    if (DirectoryLock.tryAcquire(directory.resolve(LOCK)) == null) {
      throw new IllegalStateException("Another broker still runs in " + directory);
    }
    String properties = directory.resolve(PROPERTIES).toString();
    if (!Files.exists(directory.resolve(FORMATTED))) {
      format(directory, args[1], properties);
    }
    Kafka.main(new String[] {properties});
  }

  private static void format(Path directory, String clusterId, String properties)
      throws IOException {
    // An earlier attempt may have been killed halfway.
    PostgresDistribution.deleteTree(directory.resolve(DATA));
    String[] command = {"format", "-t", clusterId, "-c", properties};
    int status = StorageTool.execute(command, System.out);
    if (status != 0) {
      throw new IllegalStateException("Formatting the storage failed with status " + status);
    }
    Files.createFile(directory.resolve(FORMATTED));
  }

  private static void log(Path directory) throws IOException {
    for (Handler handler : ROOT.getHandlers()) {
      ROOT.removeHandler(handler);
    }
    FileHandler handler =
        new FileHandler(directory.resolve(LOG).toString(), LOG_BYTES, LOG_FILES, true);
    handler.setFormatter(new SimpleFormatter());
    ROOT.addHandler(handler);
    ROOT.setLevel(Level.WARNING);
    SERVER.setLevel(Level.INFO);
    LOGGER.setLevel(Level.INFO);
  }

  private static void exitAtEndOfInput() {
    try {
      while (System.in.read() >= 0) {
        // nothing is written; only the end matters
      }
    } catch (IOException e) {
      // also means the end
    }
    LOGGER.info("Told to stop, or the process that started this broker is gone.");
    startThread(
        "exit-timeout",
        () -> {
          try {
            Thread.sleep(EXIT_TIMEOUT_MILLIS);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          Runtime.getRuntime().halt(1);
        });
    System.exit(0);
  }

  private static void startThread(String name, Runnable work) {
    Thread thread = new Thread(work, name);
    thread.setDaemon(true);
    thread.start();
  }
}
