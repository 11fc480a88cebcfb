package dev.datapipeline.it;

import dev.datapipeline.backends.Backends;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/** What the benchmarks share that measure how a backlog is drained. */
final class Backlog {
  private Backlog() {}

  /**
   * Creates an instance that stores a topic and produces nothing.
   *
   * @param name of its server
   * @param topic also the name of its consumer group
   */
  static Application application(Backends backends, String name, String topic) {
    return application(backends, name, topic, Map.of());
  }

  /** Creates such an instance with further settings. */
  static Application application(
      Backends backends, String name, String topic, Map<String, String> settings) {
    Map<String, String> environment = new LinkedHashMap<>(backends.environment());
    environment.put("KAFKA_TOPIC", topic);
    environment.put("KAFKA_GROUP_ID", topic);
    environment.put("PRODUCER_ENABLED", "false");
    environment.put("OPERATOR_PASSWORD", Api.PASSWORD);
    // a start as users see it, without a class archive
    environment.put("JVM_ARGS", "");
    environment.putAll(settings);
    return new Application(name, environment);
  }

  /** Starts an instance, and waits until it begins to read. */
  static void open(Application application) {
    application.start();
    while (!application.isOpen()) {
      LockSupport.parkNanos(20_000_000);
    }
  }

  /** Empties the tables, if there are any yet. */
  static void clear(Backends backends) {
    Database database = new Database(backends.postgres());
    if (database.number("SELECT count(*) FROM pg_tables WHERE tablename = 'raw_events'") > 0) {
      database.execute("TRUNCATE raw_events, dead_letters, topic_partitions RESTART IDENTITY");
    }
  }

  static long end(Topic topic) {
    return topic.endOffsets().values().stream().mapToLong(Long::longValue).sum();
  }

  /**
   * Waits until the positions of all topics whose names match have reached a sum. Asks through one
   * connection: to connect again and again would cost as much as to store.
   *
   * @param topics a pattern for LIKE
   */
  static void awaitStored(Backends backends, String topics, long end) throws InterruptedException {
    try (Connection connection = backends.postgres().connect();
        PreparedStatement position =
            connection.prepareStatement(
                "SELECT coalesce(sum(next_offset), 0) FROM topic_partitions WHERE topic LIKE ?")) {
      position.setString(1, topics);
      long stored = 0;
      while (stored < end) {
        Thread.sleep(20);
        try (ResultSet row = position.executeQuery()) {
          row.next();
          stored = row.getLong(1);
        }
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }
}
