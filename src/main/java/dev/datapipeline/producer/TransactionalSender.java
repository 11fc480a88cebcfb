package dev.datapipeline.producer;

import dev.datapipeline.broker.Broker;
import dev.datapipeline.config.KafkaConfig;
import dev.datapipeline.config.SourceConfig;
import dev.datapipeline.failure.FailureText;
import dev.datapipeline.metrics.PipelineMetrics;
import dev.datapipeline.record.FilePosition;
import dev.datapipeline.source.Event;
import dev.datapipeline.source.EventSource;
import dev.datapipeline.source.ResumableSource;
import dev.datapipeline.storage.FilePositions;
import dev.datapipeline.tracing.SendSpan;
import dev.datapipeline.tracing.Tracing;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Sends the events of a resumable source in transactions. What an earlier process had not committed
 * never happened; what it had is found on the topic, beyond what the database has stored, and is
 * not sent again. For one thread at a time.
 */
final class TransactionalSender implements SourceDriver.Sender {
  private static final Duration POLL = Duration.ofMillis(500);

  /** Behind another producer's open transaction nothing can be read; wait for a while only. */
  private static final Duration SCAN_PATIENCE = Duration.ofSeconds(20);

  /** A pause, or a stop, waits for no more than these transactions. */
  private static final int MAX_TRANSACTIONS = 20;

  private final KafkaConfig kafka;
  private final Broker broker;
  private final FilePositions positions;
  private final PipelineMetrics metrics;
  private final Tracing tracing;
  private KafkaProducer<String, byte[]> producer;

  TransactionalSender(
      KafkaConfig kafka,
      Broker broker,
      FilePositions positions,
      PipelineMetrics metrics,
      Tracing tracing) {
    this.kafka = kafka;
    this.broker = broker;
    this.positions = positions;
    this.metrics = metrics;
    this.tracing = tracing;
  }

  @Override
  public int send(EventSource source, SourceConfig config, SentEvents account) {
    ResumableSource resumable = (ResumableSource) source;
    int sent = 0;
    try {
      for (int i = 0; i < MAX_TRANSACTIONS; i++) {
        if (!resumable.claim()) {
          close();
          return sent;
        }
        if (producer == null) {
          open(resumable, config.topic());
        }
        List<Event> events = resumable.next(config.eventsPerTick());
        if (events.isEmpty()) {
          return sent;
        }
        send(config.topic(), events, account);
        sent += events.size();
      }
      return sent;
    } catch (RuntimeException e) {
      // the source is resumed before it is asked again
      close();
      throw e;
    }
  }

  private void send(String topic, List<Event> events, SentEvents account) {
    SendSpan span = tracing.sending(topic);
    try {
      producer.beginTransaction();
      for (Event event : events) {
        ProducerRecord<String, byte[]> record =
            new ProducerRecord<>(
                topic, null, event.timestamp().toEpochMilli(), event.key(), event.json());
        if (event.position() != null) {
          record.headers().add(FilePosition.HEADER, event.position().toBytes());
        }
        span.addTo(record.headers());
        producer.send(record);
      }
      // fails if one of them has failed
      producer.commitTransaction();
      span.end(events.size(), null);
    } catch (RuntimeException e) {
      span.end(0, FailureText.reason(e));
      metrics.eventsNotSent(events.size());
      account.notSent(events.size(), FailureText.reason(e));
      throw e;
    }
    account.sent(events.size());
    for (int i = 0; i < events.size(); i++) {
      metrics.eventSent();
    }
  }

  /** Ends what an earlier process has left, finds out how far it came, and goes on there. */
  private void open(ResumableSource source, String topic) {
    Map<String, Object> properties = new HashMap<>(kafka.clientProperties());
    properties.put(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, kafka.bootstrapServers());
    properties.put(ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG, StringSerializer.class);
    properties.put(ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class);
    properties.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, source.transactionalId());
    properties.put(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG, 60_000);
    properties.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, 10_000);
    properties.put(ProducerConfig.LINGER_MS_CONFIG, 5);
    properties.put(ProducerConfig.BATCH_SIZE_CONFIG, 131_072);
    properties.put(ProducerConfig.COMPRESSION_TYPE_CONFIG, "lz4");
    // a line of the allowed length, escaped, must fit; the broker has the last word
    properties.put(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, 64 << 20);
    KafkaProducer<String, byte[]> opened = new KafkaProducer<>(properties);
    try {
      opened.initTransactions();
      source.resume(onTheWay(topic));
    } catch (RuntimeException e) {
      opened.close(Duration.ZERO);
      throw e;
    }
    producer = opened;
  }

  /**
   * Reads what is on the topic and not stored. The stored offsets are asked for first: what is
   * stored meanwhile is then only seen twice.
   */
  private Map<Long, Long> onTheWay(String topic) {
    Map<String, Object> properties = new HashMap<>(kafka.clientProperties());
    properties.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, kafka.bootstrapServers());
    properties.put(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
    properties.put(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
    properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    properties.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    properties.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
    properties.put(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, 1 << 20);
    properties.put(ConsumerConfig.FETCH_MAX_BYTES_CONFIG, 4 << 20);
    properties.put(ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, 10_000);
    UUID topicId =
        broker
            .topicId(topic)
            .orElseThrow(() -> new IllegalStateException("there is no topic " + topic));
    Map<Integer, Long> stored = storedOffsets(topicId);
    List<TopicPartition> partitions = broker.partitions(topic);
    Map<TopicPartition, Long> ends = ends(properties, partitions);
    properties.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
    Map<Long, Long> found = new HashMap<>();
    try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(properties)) {
      consumer.assign(partitions);
      Map<TopicPartition, Long> starts = consumer.beginningOffsets(partitions);
      for (TopicPartition partition : partitions) {
        long from = Math.max(starts.get(partition), stored.getOrDefault(partition.partition(), 0L));
        consumer.seek(partition, Math.min(from, ends.get(partition)));
      }
      long patience = System.nanoTime() + SCAN_PATIENCE.toNanos();
      while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.get(p))) {
        if (System.nanoTime() > patience) {
          throw new KafkaException(
              "the end of topic %s cannot be read yet; is there an open transaction?"
                  .formatted(topic));
        }
        boolean moved = false;
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
          moved = true;
          FilePosition.of(record.headers())
              .ifPresent(position -> found.merge(position.file(), position.next(), Math::max));
        }
        patience = moved ? System.nanoTime() + SCAN_PATIENCE.toNanos() : patience;
      }
    }
    return found;
  }

  /** The ends of everything, that of other producers' open transactions included. */
  private static Map<TopicPartition, Long> ends(
      Map<String, Object> properties, List<TopicPartition> partitions) {
    Map<String, Object> uncommitted = new HashMap<>(properties);
    uncommitted.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_uncommitted");
    try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(uncommitted)) {
      return consumer.endOffsets(partitions);
    }
  }

  private Map<Integer, Long> storedOffsets(UUID topicId) {
    try {
      return positions.storedOffsets(topicId);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private void close() {
    if (producer != null) {
      producer.close(Duration.ZERO);
      producer = null;
    }
  }

  @Override
  public void stop() {
    close();
  }
}
