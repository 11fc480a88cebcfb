import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;
import org.springframework.kafka.core.DefaultKafkaConsumerFactory;
import org.springframework.kafka.listener.BatchMessageListener;
import org.springframework.kafka.listener.ConcurrentMessageListenerContainer;
import org.springframework.kafka.listener.ContainerProperties;
import org.springframework.kafka.listener.DefaultErrorHandler;
import org.springframework.util.backoff.FixedBackOff;

/**
 * Stores what one poll returns with one COPY, in a connection of the polling thread, and lets the
 * container commit the offsets afterwards: at least once.
 *
 * <p>Arguments: bootstrap servers, topic, JDBC URL, table.
 */
public final class SpringPeer {
  private static final int THREADS = 4;

  private SpringPeer() {}

  public static void main(String[] args) {
    Map<String, Object> properties =
        Map.of(
            "bootstrap.servers", args[0],
            "group.id", args[3],
            "auto.offset.reset", "earliest",
            "isolation.level", "read_committed",
            "max.poll.records", 5000,
            "key.deserializer", ByteArrayDeserializer.class,
            "value.deserializer", ByteArrayDeserializer.class);
    ThreadLocal<Connection> connections = ThreadLocal.withInitial(() -> connect(args[2]));
    ContainerProperties container = new ContainerProperties(args[1]);
    container.setAckMode(ContainerProperties.AckMode.BATCH);
    container.setMessageListener(
        (BatchMessageListener<byte[], byte[]>)
            records -> {
              try {
                copy(connections.get(), args[3], records);
              } catch (SQLException e) {
                // the next attempt has another connection
                close(connections.get());
                connections.remove();
                throw new IllegalStateException(e);
              }
            });
    ConcurrentMessageListenerContainer<byte[], byte[]> listener =
        new ConcurrentMessageListenerContainer<>(
            new DefaultKafkaConsumerFactory<byte[], byte[]>(properties), container);
    listener.setConcurrency(THREADS);
    // by default, a batch that fails ten times is left out
    listener.setCommonErrorHandler(
        new DefaultErrorHandler(new FixedBackOff(1_000, FixedBackOff.UNLIMITED_ATTEMPTS)));
    listener.start();
  }

  private static Connection connect(String url) {
    try {
      Connection connection = DriverManager.getConnection(url);
      connection.setAutoCommit(false);
      return connection;
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void close(Connection connection) {
    try {
      connection.close();
    } catch (SQLException e) {
      // it is of no use anyway
    }
  }

  private static void copy(
      Connection connection, String table, List<ConsumerRecord<byte[], byte[]>> records)
      throws SQLException {
    StringBuilder rows = new StringBuilder();
    for (ConsumerRecord<byte[], byte[]> record : records) {
      rows.append(Instant.ofEpochMilli(record.timestamp())).append('\t');
      String payload = new String(record.value(), StandardCharsets.UTF_8);
      for (int i = 0; i < payload.length(); i++) {
        char c = payload.charAt(i);
        switch (c) {
          case '\\' -> rows.append("\\\\");
          case '\t' -> rows.append("\\t");
          case '\n' -> rows.append("\\n");
          case '\r' -> rows.append("\\r");
          default -> rows.append(c);
        }
      }
      rows.append('\t').append(record.partition()).append('\t').append(record.offset());
      rows.append('\n');
    }
    byte[] bytes = rows.toString().getBytes(StandardCharsets.UTF_8);
    CopyIn copy =
        connection
            .unwrap(PGConnection.class)
            .getCopyAPI()
            .copyIn(
                "COPY "
                    + table
                    + " (\"timestamp\", payload, topic_partition_id, kafka_offset) FROM STDIN");
    copy.writeToCopy(bytes, 0, bytes.length);
    copy.endCopy();
    connection.commit();
  }
}
