package dev.datapipeline.config;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.common.IsolationLevel;

/**
 * Which broker, topics and consumer group the application uses.
 *
 * @param bootstrapServers {@code host:port} pairs, separated by commas
 * @param topic the default topic of the sources
 * @param topics every topic that is consumed: {@code topic}, and the topics of the sources
 * @param groupId the consumer group
 * @param partitions number of partitions of a topic that this application creates
 * @param replicationFactor replicas of each partition of a topic that this application creates; -1
 *     means the broker's default
 * @param isolationLevel whether records of open and aborted transactions are read
 * @param clientProperties additional properties of the Kafka clients (TLS, SASL), unchanged; may
 *     contain secrets
 */
public record KafkaConfig(
    String bootstrapServers,
    String topic,
    List<String> topics,
    String groupId,
    int partitions,
    int replicationFactor,
    IsolationLevel isolationLevel,
    Map<String, String> clientProperties) {

  /** The channel's own property, so that all clients use the same isolation level. */
  static final String ISOLATION_LEVEL = "mp.messaging.incoming.events-in.isolation.level";

  private static final String PORT =
      "(6553[0-5]|655[0-2]\\d|65[0-4]\\d{2}|6[0-4]\\d{3}|[1-5]\\d{4}|[1-9]\\d{0,3})";
  private static final String ADDRESS = "([0-9a-zA-Z._%-]+|\\[[0-9a-fA-F:.]+(%\\w+)?]):" + PORT;
  private static final Pattern BOOTSTRAP = Pattern.compile(ADDRESS + "(\\s*,\\s*" + ADDRESS + ")*");
  private static final Pattern TOPIC = Pattern.compile("(?!\\.{1,2}$)[a-zA-Z0-9._-]{1,249}");
  private static final Pattern GROUP = Pattern.compile("\\S.{0,254}");
  private static final Pattern ISOLATION = Pattern.compile("read_committed|read_uncommitted");

  static KafkaConfig from(Settings settings, Map<String, String> clientProperties) {
    String topic = topic(settings, "KAFKA_TOPIC");
    return new KafkaConfig(
        settings.text(
            "KAFKA_BOOTSTRAP_SERVERS",
            BOOTSTRAP,
            "host:port[,host:port…], with a host name in ASCII, a port from 1 to 65535 and an IPv6 address in brackets"),
        topic,
        Stream.concat(
                Stream.of(topic),
                ProducerConfig.from(settings).sources().stream().map(SourceConfig::topic))
            .distinct()
            .toList(),
        settings.text("KAFKA_GROUP_ID", GROUP, "1 to 255 characters"),
        settings.integer("KAFKA_TOPIC_PARTITIONS", 1, 10_000),
        settings.integer("KAFKA_TOPIC_REPLICATION_FACTOR", -1, 100),
        IsolationLevel.valueOf(
            settings
                .text(ISOLATION_LEVEL, ISOLATION, "read_committed or read_uncommitted")
                .toUpperCase(Locale.ROOT)),
        Map.copyOf(clientProperties));
  }

  static String topic(Settings settings, String setting) {
    return settings.text(
        setting, TOPIC, "1 to 249 of the characters a-z A-Z 0-9 . _ -, not . or ..");
  }

  /**
   * Returns the properties that every Kafka client of this application starts from: the client
   * properties and the bootstrap servers. They may contain secrets, so never log them.
   *
   * @return a new map that the caller may change
   */
  public Map<String, Object> commonProperties() {
    Map<String, Object> properties = new HashMap<>(clientProperties);
    properties.put(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers);
    return properties;
  }

  /** Returns whether connections to the brokers use TLS. */
  public boolean isEncrypted() {
    return clientProperties
        .getOrDefault(CommonClientConfigs.SECURITY_PROTOCOL_CONFIG, "")
        .endsWith("SSL");
  }

  /** Leaves out the values of the client properties, which may be secrets. */
  @Override
  public String toString() {
    return "KafkaConfig[bootstrapServers=%s, topics=%s, groupId=%s, clientProperties=%s]"
        .formatted(
            bootstrapServers,
            topics,
            groupId,
            clientProperties.keySet().stream().sorted().toList());
  }
}
