package dev.datapipeline.it;

import dev.datapipeline.backends.KafkaBroker;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** A topic and a producer for it. Close it. */
final class Topic implements AutoCloseable {
  /** The longest transaction timeout that a broker allows by default. */
  private static final int HIDDEN_MILLIS = 900_000;

  private final String name;
  private final Admin admin;
  private final KafkaProducer<byte[], byte[]> producer;
  private final AtomicReference<Exception> failure = new AtomicReference<>();

  Topic(String name, String bootstrapServers) {
    this(name, plaintext(bootstrapServers), Map.of());
  }

  /** A topic of a broker that may require TLS and authentication. */
  Topic(String name, KafkaBroker broker) {
    this(name, broker.clientProperties(), Map.of());
  }

  private Topic(
      String name, Map<String, Object> clientSettings, Map<String, Object> producerSettings) {
    this.name = name;
    admin = Admin.create(clientSettings);
    Map<String, Object> settings = new HashMap<>(clientSettings);
    settings.putAll(producerSettings);
    settings.put(ProducerConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG, 500);
    settings.put(ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class);
    settings.put(ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class);
    producer = new KafkaProducer<>(settings);
  }

  private static Map<String, Object> plaintext(String bootstrapServers) {
    return Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers);
  }

  /** A topic whose records can be hidden from consumers for a while. */
  static Topic hiding(String name, String bootstrapServers) {
    Topic topic =
        new Topic(
            name,
            plaintext(bootstrapServers),
            Map.of(
                ProducerConfig.TRANSACTIONAL_ID_CONFIG,
                name,
                ProducerConfig.TRANSACTION_TIMEOUT_CONFIG,
                HIDDEN_MILLIS));
    topic.producer.initTransactions();
    return topic;
  }

  /** A topic to which compressed records are sent. */
  static Topic compressing(String name, String bootstrapServers, String codec) {
    return new Topic(
        name, plaintext(bootstrapServers), Map.of(ProducerConfig.COMPRESSION_TYPE_CONFIG, codec));
  }

  /** A topic to which each record is sent at once. */
  static Topic prompt(String name, String bootstrapServers) {
    return new Topic(name, plaintext(bootstrapServers), Map.of(ProducerConfig.LINGER_MS_CONFIG, 0));
  }

  /** Begins a transaction: consumers do not see new records before {@link #reveal}. */
  void hide() {
    producer.beginTransaction();
  }

  void reveal() {
    producer.commitTransaction();
  }

  void create(int partitions) {
    try {
      admin
          .createTopics(List.of(new NewTopic(name, partitions, (short) 1)))
          .all()
          .get(30, TimeUnit.SECONDS);
    } catch (InterruptedException | ExecutionException | TimeoutException e) {
      throw new IllegalStateException("topic not created", e);
    }
  }

  RecordMetadata send(String value) {
    return send(value.getBytes(StandardCharsets.UTF_8));
  }

  RecordMetadata send(byte[] value) {
    return send(new ProducerRecord<>(name, null, value));
  }

  RecordMetadata send(ProducerRecord<byte[], byte[]> record) {
    try {
      return producer.send(record).get(120, TimeUnit.SECONDS);
    } catch (InterruptedException | ExecutionException | TimeoutException e) {
      throw new IllegalStateException("not sent", e);
    }
  }

  /** Sends without waiting; {@link #flush()} waits. */
  void offer(String value) {
    offer(new ProducerRecord<>(name, null, value.getBytes(StandardCharsets.UTF_8)));
  }

  /** Sends without waiting; {@link #flush()} waits. */
  void offer(ProducerRecord<byte[], byte[]> record) {
    producer.send(
        record,
        (metadata, e) -> {
          if (e != null) {
            failure.compareAndSet(null, e);
          }
        });
  }

  /** Waits for what was offered. Fails if any of it was not sent. */
  void flush() {
    producer.flush();
    if (failure.get() != null) {
      throw new IllegalStateException("not sent", failure.get());
    }
  }

  /** Returns the end offset of each partition. */
  Map<Integer, Long> endOffsets() {
    try {
      int partitions =
          admin
              .describeTopics(List.of(name))
              .allTopicNames()
              .get(30, TimeUnit.SECONDS)
              .get(name)
              .partitions()
              .size();
      var request =
          IntStream.range(0, partitions)
              .boxed()
              .collect(
                  Collectors.toMap(
                      partition -> new TopicPartition(name, partition),
                      partition -> OffsetSpec.latest()));
      return admin.listOffsets(request).all().get(30, TimeUnit.SECONDS).entrySet().stream()
          .collect(
              Collectors.toMap(
                  entry -> entry.getKey().partition(), entry -> entry.getValue().offset()));
    } catch (InterruptedException | ExecutionException | TimeoutException e) {
      throw new IllegalStateException("the broker does not answer", e);
    }
  }

  @Override
  public void close() {
    producer.close();
    admin.close();
  }
}
