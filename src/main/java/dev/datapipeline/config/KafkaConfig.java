package dev.datapipeline.config;

import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Which broker, topic and consumer group.
 *
 * @param bootstrapServers {@code host:port}, comma separated
 * @param topic the topic that events are written to unless their source has one of its own
 * @param topics every topic that is read: {@code topic}, and those of the sources
 * @param groupId the consumer group
 * @param partitions number of partitions of the topic if this application creates it
 * @param replicationFactor replicas of each partition if this application creates the topic; -1 is
 *     the broker's default
 * @param clientProperties further properties of the Kafka clients (TLS, SASL), as given; may hold
 *     secrets
 */
public record KafkaConfig(
    String bootstrapServers,
    String topic,
    List<String> topics,
    String groupId,
    int partitions,
    int replicationFactor,
    Map<String, String> clientProperties) {

  private static final Pattern BOOTSTRAP =
      Pattern.compile(
          "[^\\s,:]+:\\d{1,5}(\\s*,\\s*[^\\s,:]+:\\d{1,5})*|(\\[[0-9a-fA-F:]+]:\\d{1,5})");
  private static final Pattern TOPIC = Pattern.compile("(?!\\.{1,2}$)[a-zA-Z0-9._-]{1,249}");
  private static final Pattern GROUP = Pattern.compile("\\S.{0,254}");

  static KafkaConfig from(Settings settings, Map<String, String> clientProperties) {
    String topic = topic(settings, "KAFKA_TOPIC");
    return new KafkaConfig(
        settings.text("KAFKA_BOOTSTRAP_SERVERS", BOOTSTRAP, "host:port[,host:port…]"),
        topic,
        Stream.concat(
                Stream.of(topic),
                ProducerConfig.from(settings).sources().stream().map(SourceConfig::topic))
            .distinct()
            .toList(),
        settings.text("KAFKA_GROUP_ID", GROUP, "1 to 255 characters"),
        settings.integer("KAFKA_TOPIC_PARTITIONS", 1, 10_000),
        settings.integer("KAFKA_TOPIC_REPLICATION_FACTOR", -1, 100),
        Map.copyOf(clientProperties));
  }

  static String topic(Settings settings, String setting) {
    return settings.text(
        setting, TOPIC, "1 to 249 of the characters a-z A-Z 0-9 . _ -, not . or ..");
  }
}
