package dev.datapipeline.broker;

import dev.datapipeline.config.ConsumerConfig;
import dev.datapipeline.config.KafkaConfig;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/** Reads topics of a Kafka broker with its own clients, outside of the channels. */
@ApplicationScoped
public class KafkaTopicLog implements TopicLog {
  private static final Duration SETTING_AGE = Duration.ofMinutes(1);

  private record Compaction(boolean compacted, long askedAtNanos) {}

  private final KafkaConfig config;
  private final ConsumerConfig consumerConfig;
  private final KafkaClients clients;
  private final Broker broker;
  private final TopicIds ids;
  private final Map<String, Compaction> compacted = new ConcurrentHashMap<>();

  /** Required by CDI for client proxies; do not call. */
  protected KafkaTopicLog() {
    config = null;
    consumerConfig = null;
    clients = null;
    broker = null;
    ids = null;
  }

  /**
   * Creates a topic log; doesn't connect yet.
   *
   * @param config which isolation level to read with
   * @param consumerConfig the largest size of a record
   * @param clients creates the readers
   * @param broker provides ids and offsets
   */
  @Inject
  public KafkaTopicLog(
      KafkaConfig config, ConsumerConfig consumerConfig, KafkaClients clients, Broker broker) {
    this.config = config;
    this.consumerConfig = consumerConfig;
    this.clients = clients;
    this.broker = broker;
    ids = new TopicIds(broker::topicId, System::nanoTime);
  }

  @Override
  public Optional<UUID> idAfter(String topic, long nanos) {
    return ids.after(topic, nanos);
  }

  @Override
  public Map<TopicPartition, LogEnd> ends(String topic) {
    return broker.ends(broker.partitions(topic));
  }

  @Override
  public long startOffset(TopicPartition partition) {
    return broker.startOffsets(List.of(partition)).get(partition);
  }

  @Override
  public boolean isCompacted(String topic) {
    return compacted
        .compute(
            topic,
            (name, last) ->
                last != null && System.nanoTime() - last.askedAtNanos() < SETTING_AGE.toNanos()
                    ? last
                    : new Compaction(broker.isCompacted(name), System.nanoTime()))
        .compacted();
  }

  @Override
  public PartitionReader reader(TopicPartition partition) {
    try {
      return new KafkaPartitionReader(
          clients.consumer("reader-" + partition, config.isolationLevel()),
          partition,
          consumerConfig.maxRecordBytes(),
          () -> isCompacted(partition.topic()));
    } catch (KafkaException e) {
      throw new BrokerUnavailableException(e);
    }
  }
}
