package dev.datapipeline.broker;

import dev.datapipeline.config.ConsumerConfig;
import dev.datapipeline.config.KafkaConfig;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/** Reads topics of a Kafka broker with its own clients, outside of the channels. */
@ApplicationScoped
public class KafkaTopicLog implements TopicLog {
  private final KafkaConfig config;
  private final ConsumerConfig consumerConfig;
  private final KafkaClients clients;
  private final Broker broker;
  private final TopicIds ids;

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
    ids = new TopicIds(broker::topicId);
  }

  @Override
  public Optional<UUID> idAfter(String topic, long arrivedAtNanos) {
    return ids.after(topic, arrivedAtNanos);
  }

  @Override
  public Map<TopicPartition, Long> endOffsets(String topic) {
    return broker.endOffsets(broker.partitions(topic));
  }

  @Override
  public PartitionReader reader(TopicPartition partition) {
    try {
      return new KafkaPartitionReader(
          clients.consumer("reader-" + partition, config.isolationLevel()),
          partition,
          consumerConfig.maxRecordBytes());
    } catch (KafkaException e) {
      throw new BrokerUnavailableException(e);
    }
  }
}
