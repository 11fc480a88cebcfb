package dev.datapipeline.broker;

import dev.datapipeline.config.KafkaConfig;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/**
 * What the broker knows about topics and groups. Thread-safe.
 *
 * <p>Every method waits for the broker for a few seconds at the most and then throws {@link
 * BrokerUnavailableException}, which says why there was no answer as far as that can be found out.
 */
@ApplicationScoped
public class Broker {
  private static final Duration TIMEOUT = Duration.ofSeconds(3);

  private final KafkaConfig config;
  private final IsolationLevel isolationLevel;
  private Admin admin;

  /** For the container's proxy only. */
  protected Broker() {
    config = null;
    isolationLevel = null;
  }

  /**
   * Does not connect yet.
   *
   * @param config which broker
   * @param isolationLevel what the consumer reads, {@code read_committed} or {@code
   *     read_uncommitted}
   */
  @Inject
  public Broker(
      KafkaConfig config,
      @ConfigProperty(name = "mp.messaging.incoming.events-in.isolation.level")
          String isolationLevel) {
    this.config = config;
    this.isolationLevel = IsolationLevel.valueOf(isolationLevel.toUpperCase(Locale.ROOT));
  }

  /**
   * Creates a topic unless it is there; an existing topic is left as it is.
   *
   * @param name the topic's name
   * @return whether it was created now
   */
  public boolean createTopicIfMissing(String name) {
    Optional<Integer> partitions = Optional.of(config.partitions());
    Optional<Short> replicas =
        config.replicationFactor() < 0
            ? Optional.empty()
            : Optional.of((short) config.replicationFactor());
    if (topicId(name).isPresent()) {
      return false;
    }
    NewTopic topic = new NewTopic(name, partitions, replicas);
    try {
      return get(admin().createTopics(List.of(topic)).all().thenApply(none -> true));
    } catch (BrokerUnavailableException e) {
      if (e.getCause() instanceof TopicExistsException) {
        return false;
      }
      throw e;
    }
  }

  /**
   * Returns the id that the topic has now. A topic that is deleted and created again has another.
   *
   * @param topic its name
   * @return its id; empty if there is no such topic
   */
  public Optional<UUID> topicId(String topic) {
    return describe(topic).map(TopicDescription::topicId).map(Broker::javaUuid);
  }

  private Optional<TopicDescription> describe(String topic) {
    try {
      return Optional.of(get(admin().describeTopics(List.of(topic)).topicNameValues().get(topic)));
    } catch (BrokerUnavailableException e) {
      if (e.getCause() instanceof UnknownTopicOrPartitionException) {
        return Optional.empty();
      }
      throw e;
    }
  }

  private static UUID javaUuid(Uuid id) {
    return new UUID(id.getMostSignificantBits(), id.getLeastSignificantBits());
  }

  /**
   * Returns the partitions of a topic.
   *
   * @param topic its name
   * @return possibly none, if there is no such topic
   */
  public List<TopicPartition> partitions(String topic) {
    return describe(topic).stream()
        .flatMap(description -> description.partitions().stream())
        .map(partition -> new TopicPartition(topic, partition.partition()))
        .toList();
  }

  /**
   * Returns the offset behind what the consumer can read of each partition now. Behind the
   * beginning of a producer's open transaction nothing can be read, unless uncommitted records are.
   *
   * @param partitions existing partitions
   * @return the end offset of each of them
   */
  public Map<TopicPartition, Long> endOffsets(Collection<TopicPartition> partitions) {
    return offsets(partitions, OffsetSpec.latest());
  }

  /**
   * Returns the offset of the oldest record that each partition still holds.
   *
   * @param partitions existing partitions
   * @return the start offset of each of them
   */
  public Map<TopicPartition, Long> startOffsets(Collection<TopicPartition> partitions) {
    return offsets(partitions, OffsetSpec.earliest());
  }

  private Map<TopicPartition, Long> offsets(
      Collection<TopicPartition> partitions, OffsetSpec which) {
    var request =
        partitions.stream().collect(Collectors.toMap(partition -> partition, any -> which));
    var result = get(admin().listOffsets(request, new ListOffsetsOptions(isolationLevel)).all());
    Map<TopicPartition, Long> offsets = new HashMap<>();
    result.forEach((partition, info) -> offsets.put(partition, info.offset()));
    return offsets;
  }

  /**
   * Returns the offsets that the consumer group has committed.
   *
   * @return without the partitions that have none
   */
  public Map<TopicPartition, Long> committedOffsets() {
    Map<TopicPartition, OffsetAndMetadata> committed;
    try {
      committed =
          get(admin().listConsumerGroupOffsets(config.groupId()).partitionsToOffsetAndMetadata());
    } catch (BrokerUnavailableException e) {
      if (e.getCause() instanceof GroupIdNotFoundException) {
        return Map.of();
      }
      throw e;
    }
    Map<TopicPartition, Long> offsets = new HashMap<>();
    committed.forEach(
        (partition, offset) -> {
          if (offset != null) {
            offsets.put(partition, offset.offset());
          }
        });
    return offsets;
  }

  private synchronized Admin admin() {
    if (admin == null) {
      Properties properties = new Properties();
      properties.putAll(config.clientProperties());
      properties.put(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, config.bootstrapServers());
      properties.put(AdminClientConfig.CLIENT_ID_CONFIG, "datapipeline-admin");
      properties.put(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, (int) TIMEOUT.toMillis());
      properties.put(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, (int) TIMEOUT.toMillis());
      try {
        admin = Admin.create(properties);
      } catch (RuntimeException e) {
        throw new BrokerUnavailableException(e);
      }
    }
    return admin;
  }

  private <T> T get(KafkaFuture<T> future) {
    try {
      return future.get(TIMEOUT.toMillis() + 500, TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof org.apache.kafka.common.errors.TimeoutException
          ? new BrokerUnavailableException(bootstrapServers().explainSilence())
          : new BrokerUnavailableException(e.getCause());
    } catch (TimeoutException e) {
      throw new BrokerUnavailableException(bootstrapServers().explainSilence());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BrokerUnavailableException(e);
    }
  }

  private BootstrapServers bootstrapServers() {
    return new BootstrapServers(
        config.bootstrapServers(),
        config
            .clientProperties()
            .getOrDefault(
                AdminClientConfig.SECURITY_PROTOCOL_CONFIG,
                AdminClientConfig.DEFAULT_SECURITY_PROTOCOL));
  }

  @PreDestroy
  synchronized void close() {
    if (admin != null) {
      admin.close(Duration.ZERO);
    }
  }
}
