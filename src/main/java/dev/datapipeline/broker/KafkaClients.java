package dev.datapipeline.broker;

import dev.datapipeline.config.KafkaConfig;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Creates the Kafka clients that the connector doesn't. Thread-safe; the caller closes a client.
 */
@ApplicationScoped
public class KafkaClients {
  private static final int TIMEOUT_MILLIS = 10_000;

  /** Short enough to turn from a broker that hangs to another one within the timeout. */
  private static final int REQUEST_TIMEOUT_MILLIS = 3_000;

  private final KafkaConfig config;
  private final dev.datapipeline.config.ConsumerConfig consumerConfig;

  /** Required by CDI for client proxies; do not call. */
  protected KafkaClients() {
    config = null;
    consumerConfig = null;
  }

  /**
   * Creates a factory of clients; doesn't connect yet.
   *
   * @param config the broker's address and the properties that every client gets
   * @param consumerConfig the largest size of a record
   */
  @Inject
  public KafkaClients(KafkaConfig config, dev.datapipeline.config.ConsumerConfig consumerConfig) {
    this.config = config;
    this.consumerConfig = consumerConfig;
  }

  Admin admin(Duration timeout) {
    Map<String, Object> properties = properties("admin");
    properties.put(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, (int) timeout.toMillis());
    properties.put(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, (int) timeout.toMillis());
    return Admin.create(properties);
  }

  /** Creates a consumer outside of any group, whose polls are bounded in records and bytes. */
  KafkaConsumer<byte[], byte[]> consumer(String purpose, IsolationLevel isolationLevel) {
    Map<String, Object> properties = properties(purpose);
    properties.put(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, BoundedDeserializer.class);
    properties.put(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, BoundedDeserializer.class);
    properties.put(BoundedDeserializer.MAX_RECORD_BYTES, consumerConfig.maxRecordBytes());
    properties.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, isolationLevel.toString());
    // a position that the log doesn't hold is an error: these clients seek to where they read
    properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
    properties.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    properties.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
    properties.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 1000);
    properties.put(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, 1 << 20);
    properties.put(ConsumerConfig.FETCH_MAX_BYTES_CONFIG, 4 << 20);
    properties.put(ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, TIMEOUT_MILLIS);
    properties.put(ConsumerConfig.REQUEST_TIMEOUT_MS_CONFIG, REQUEST_TIMEOUT_MILLIS);
    return new KafkaConsumer<>(properties);
  }

  /**
   * Creates a producer for transactions.
   *
   * @param transactionalId the producer's transactional id; fences an earlier producer with the
   *     same id once its transactions are initialised
   * @return a producer whose transactions are not initialised yet
   */
  public KafkaProducer<String, byte[]> transactionalProducer(String transactionalId) {
    Map<String, Object> properties = properties("transactions-" + transactionalId);
    properties.put(ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG, StringSerializer.class);
    properties.put(ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class);
    properties.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, transactionalId);
    properties.put(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG, 60_000);
    properties.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, TIMEOUT_MILLIS);
    properties.put(ProducerConfig.LINGER_MS_CONFIG, 5);
    properties.put(ProducerConfig.BATCH_SIZE_CONFIG, 131_072);
    properties.put(ProducerConfig.COMPRESSION_TYPE_CONFIG, "lz4");
    // an escaped line of the maximum length must fit; the broker has its own limit
    properties.put(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, 64 << 20);
    return new KafkaProducer<>(properties);
  }

  private Map<String, Object> properties(String purpose) {
    Map<String, Object> properties = new HashMap<>(config.commonProperties());
    properties.put(AdminClientConfig.CLIENT_ID_CONFIG, "datapipeline-" + purpose);
    return properties;
  }
}
