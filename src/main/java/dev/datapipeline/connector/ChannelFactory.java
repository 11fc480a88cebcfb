package dev.datapipeline.connector;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.eclipse.microprofile.config.Config;
import org.eclipse.microprofile.config.ConfigValue;
import org.eclipse.microprofile.config.spi.ConfigSource;
import org.eclipse.microprofile.config.spi.Converter;
import org.eclipse.microprofile.reactive.messaging.Message;
import org.eclipse.microprofile.reactive.messaging.spi.Connector;
import org.eclipse.microprofile.reactive.messaging.spi.IncomingConnectorFactory;
import org.eclipse.microprofile.reactive.messaging.spi.OutgoingConnectorFactory;
import org.reactivestreams.Subscriber;

/**
 * Opens a channel through the connector, as the container does. The container connects channels
 * only when the application starts, and only those with an {@code @Incoming} method. Thread-safe.
 */
@ApplicationScoped
public class ChannelFactory {
  private static final String CONNECTOR = "liberty-kafka";

  @Inject
  @Connector(CONNECTOR)
  private IncomingConnectorFactory incoming;

  @Inject
  @Connector(CONNECTOR)
  private OutgoingConnectorFactory outgoing;

  @Inject private Config config;

  /**
   * Subscribes to a topic.
   *
   * @param channel the incoming channel whose configuration applies, except for the topic
   * @param topic the topic's name
   * @param subscriber receives the messages
   */
  @SuppressWarnings("unchecked") // the channel's deserializer makes the payloads
  public void subscribe(String channel, String topic, Subscriber<Message<byte[]>> subscriber) {
    ChannelPositions.forget(topic);
    Map<String, String> own =
        Map.of("channel-name", channel, "topic", topic, PartitionBatcher.TOPIC, topic);
    incoming
        .getPublisherBuilder(
            new ChannelConfig(config, "mp.messaging.incoming." + channel + ".", own))
        .map(message -> (Message<byte[]>) message)
        .buildRs()
        .subscribe(subscriber);
  }

  /**
   * Connects a stream of messages to the broker, through a new client.
   *
   * @param channel the outgoing channel whose configuration applies
   * @param stream the messages
   */
  @SuppressWarnings("unchecked") // the connector takes any payload
  void connect(String channel, OutgoingChannel.Stream stream) {
    stream.subscribe(
        (Subscriber<Message<?>>)
            outgoing
                .getSubscriberBuilder(
                    new ChannelConfig(
                        config,
                        "mp.messaging.outgoing." + channel + ".",
                        Map.of("channel-name", channel)))
                .build());
  }

  /**
   * The properties that a connector may see by specification: the channel's, then its own.
   *
   * @param own properties that are not looked up
   */
  private record ChannelConfig(Config config, String channelPrefix, Map<String, String> own)
      implements Config {

    private static String connectorPrefix() {
      return "mp.messaging.connector." + CONNECTOR + ".";
    }

    @Override
    public <T> Optional<T> getOptionalValue(String name, Class<T> type) {
      if (own.containsKey(name)) {
        return Optional.of(type.cast(own.get(name)));
      }
      return config
          .getOptionalValue(channelPrefix + name, type)
          .or(() -> config.getOptionalValue(connectorPrefix() + name, type));
    }

    @Override
    public <T> T getValue(String name, Class<T> type) {
      return getOptionalValue(name, type).orElseThrow();
    }

    @Override
    public ConfigValue getConfigValue(String name) {
      ConfigValue value = config.getConfigValue(channelPrefix + name);
      return value.getValue() != null ? value : config.getConfigValue(connectorPrefix() + name);
    }

    @Override
    public Iterable<String> getPropertyNames() {
      Set<String> names = new HashSet<>(own.keySet());
      for (String name : config.getPropertyNames()) {
        for (String prefix : new String[] {channelPrefix, connectorPrefix()}) {
          if (name.startsWith(prefix)) {
            names.add(name.substring(prefix.length()));
          }
        }
      }
      return names;
    }

    @Override
    public Iterable<ConfigSource> getConfigSources() {
      return config.getConfigSources();
    }

    @Override
    public <T> Optional<Converter<T>> getConverter(Class<T> type) {
      return config.getConverter(type);
    }

    @Override
    public <T> T unwrap(Class<T> type) {
      return config.unwrap(type);
    }
  }
}
