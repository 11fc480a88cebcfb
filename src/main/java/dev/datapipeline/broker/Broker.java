package dev.datapipeline.broker;

import dev.datapipeline.broker.TopicLog.LogEnd;
import dev.datapipeline.config.KafkaConfig;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/**
 * Asks the broker about topics. Thread-safe.
 *
 * <p>Every method waits a few seconds at most and then throws {@link BrokerUnavailableException},
 * with the reason as far as it can be found out.
 */
@ApplicationScoped
public class Broker {
  private static final Duration TIMEOUT = Duration.ofSeconds(3);

  private final KafkaConfig config;
  private final KafkaClients clients;
  private Admin admin;

  /** Required by CDI for client proxies; do not call. */
  protected Broker() {
    config = null;
    clients = null;
  }

  /**
   * Creates a broker client; doesn't connect yet.
   *
   * @param config topic settings and the isolation level of the consumer
   * @param clients creates the admin client
   */
  @Inject
  public Broker(KafkaConfig config, KafkaClients clients) {
    this.config = config;
    this.clients = clients;
  }

  /**
   * Creates a topic if it doesn't exist. An existing topic is not changed.
   *
   * @param name the topic's name
   * @return whether the topic was created
   */
  public boolean createTopicIfMissing(String name) {
    if (topicId(name).isPresent()) {
      return false;
    }
    Optional<Short> replicas =
        config.replicationFactor() < 0
            ? Optional.empty()
            : Optional.of((short) config.replicationFactor());
    NewTopic topic = new NewTopic(name, Optional.of(config.partitions()), replicas);
    try {
      ask(admin -> admin.createTopics(List.of(topic)).all());
      return true;
    } catch (BrokerUnavailableException e) {
      if (e.getCause() instanceof TopicExistsException) {
        return false;
      }
      throw e;
    }
  }

  /**
   * A topic at one moment.
   *
   * @param id changes when a topic is deleted and created again
   * @param partitions at least one
   */
  public record Topic(UUID id, List<TopicPartition> partitions) {}

  /**
   * Describes a topic.
   *
   * @param name the topic's name
   * @return empty if there is no such topic
   */
  public Optional<Topic> topic(String name) {
    try {
      TopicDescription description =
          ask(admin -> admin.describeTopics(List.of(name)).topicNameValues().get(name));
      return Optional.of(
          new Topic(
              javaUuid(description.topicId()),
              description.partitions().stream()
                  .map(partition -> new TopicPartition(name, partition.partition()))
                  .toList()));
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
   * Returns a topic's current id.
   *
   * @param topic the topic's name
   * @return empty if there is no such topic
   */
  public Optional<UUID> topicId(String topic) {
    return topic(topic).map(Topic::id);
  }

  /**
   * Returns the partitions of a topic.
   *
   * @param topic the topic's name
   * @return empty if there is no such topic
   */
  public List<TopicPartition> partitions(String topic) {
    return topic(topic).map(Topic::partitions).orElse(List.of());
  }

  /**
   * Returns whether compaction may remove records of a topic.
   *
   * @param topic an existing topic
   */
  boolean isCompacted(String topic) {
    ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
    return ask(admin -> admin.describeConfigs(List.of(resource)).values().get(resource))
        .get(TopicConfig.CLEANUP_POLICY_CONFIG)
        .value()
        .contains(TopicConfig.CLEANUP_POLICY_COMPACT);
  }

  /**
   * Returns the offset after the last record that the consumer can read now. With {@code
   * read_committed}, reading ends where the first open transaction begins.
   *
   * @param partitions existing partitions
   * @return the end offset of each of them
   */
  public Map<TopicPartition, Long> endOffsets(Collection<TopicPartition> partitions) {
    return offsets(partitions, OffsetSpec.latest(), config.isolationLevel());
  }

  /** Returns the end offsets together with the epochs of the present leaders. */
  Map<TopicPartition, LogEnd> ends(Collection<TopicPartition> partitions) {
    Map<TopicPartition, LogEnd> ends = new HashMap<>();
    list(partitions, OffsetSpec.latest(), config.isolationLevel())
        .forEach(
            (partition, info) ->
                ends.put(partition, new LogEnd(info.offset(), info.leaderEpoch().orElse(-1))));
    return ends;
  }

  /**
   * Returns the offset after the last record that each partition has, even if it belongs to an open
   * transaction.
   *
   * @param partitions existing partitions
   * @return the high watermark of each of them
   */
  public Map<TopicPartition, Long> highWatermarks(Collection<TopicPartition> partitions) {
    return offsets(partitions, OffsetSpec.latest(), IsolationLevel.READ_UNCOMMITTED);
  }

  /**
   * Returns the offset of the oldest record that each partition still holds.
   *
   * @param partitions existing partitions
   * @return the start offset of each of them
   */
  public Map<TopicPartition, Long> startOffsets(Collection<TopicPartition> partitions) {
    return offsets(partitions, OffsetSpec.earliest(), config.isolationLevel());
  }

  private Map<TopicPartition, Long> offsets(
      Collection<TopicPartition> partitions, OffsetSpec which, IsolationLevel isolationLevel) {
    Map<TopicPartition, Long> offsets = new HashMap<>();
    list(partitions, which, isolationLevel)
        .forEach((partition, info) -> offsets.put(partition, info.offset()));
    return offsets;
  }

  private Map<TopicPartition, ListOffsetsResultInfo> list(
      Collection<TopicPartition> partitions, OffsetSpec which, IsolationLevel isolationLevel) {
    var request =
        partitions.stream().collect(Collectors.toMap(partition -> partition, any -> which));
    return ask(admin -> admin.listOffsets(request, new ListOffsetsOptions(isolationLevel)).all());
  }

  private synchronized Admin admin() {
    if (admin == null) {
      try {
        admin = clients.admin(TIMEOUT);
      } catch (RuntimeException e) {
        throw new BrokerUnavailableException(e);
      }
    }
    return admin;
  }

  private <T> T ask(Function<Admin, KafkaFuture<T>> question) {
    Admin asked = admin();
    try {
      return question.apply(asked).get(TIMEOUT.toMillis() + 500, TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof org.apache.kafka.common.errors.TimeoutException
          ? noAnswer(asked)
          : new BrokerUnavailableException(e.getCause());
    } catch (TimeoutException e) {
      throw noAnswer(asked);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BrokerUnavailableException(e);
    }
  }

  /**
   * Has the next question connect anew. A client that connected while the network let nothing
   * through may never give up that connection.
   */
  private BrokerUnavailableException noAnswer(Admin asked) {
    synchronized (this) {
      if (admin == asked) {
        admin = null;
      }
    }
    asked.close(Duration.ZERO);
    return new BrokerUnavailableException(bootstrapServers().explainSilence());
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
