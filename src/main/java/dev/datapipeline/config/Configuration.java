package dev.datapipeline.config;

import jakarta.enterprise.context.Dependent;
import jakarta.enterprise.inject.Produces;
import java.util.HashMap;
import java.util.Map;
import org.eclipse.microprofile.config.Config;
import org.eclipse.microprofile.config.ConfigProvider;

/** Produces the configuration as CDI beans, one immutable record per concern. */
@Dependent
public class Configuration {
  /** The prefix of the connector's properties that every Kafka client gets. */
  static final String CONNECTOR_PREFIX = "mp.messaging.connector.liberty-kafka.";

  /**
   * The application's configuration, whichever thread asks. A bean may be created by a thread of a
   * library, such as an exporter of telemetry, whose context class loader isn't the application's.
   */
  private final Config config = ConfigProvider.getConfig(Configuration.class.getClassLoader());

  private final Settings settings = new Settings(config);

  /**
   * Reads and checks all settings, including the properties of Kafka's client.
   *
   * @throws InvalidSettingException for the first invalid setting
   */
  static void check() {
    Configuration configuration = new Configuration();
    configuration.describe();
    KafkaClientCheck.check(configuration.kafka());
  }

  @Produces
  KafkaConfig kafka() {
    Map<String, String> clientProperties = new HashMap<>();
    for (String name : config.getPropertyNames()) {
      if (name.startsWith(CONNECTOR_PREFIX)) {
        config
            .getOptionalValue(name, String.class)
            .ifPresent(
                value -> clientProperties.put(name.substring(CONNECTOR_PREFIX.length()), value));
      }
    }
    return KafkaConfig.from(settings, clientProperties);
  }

  @Produces
  ProducerConfig producer() {
    return ProducerConfig.from(settings);
  }

  @Produces
  SensorConfig sensor() {
    return SensorConfig.from(settings);
  }

  @Produces
  WeblogConfig weblog() {
    return WeblogConfig.from(settings);
  }

  @Produces
  FileConfig file() {
    return FileConfig.from(settings);
  }

  @Produces
  ConsumerConfig consumer() {
    return ConsumerConfig.from(settings);
  }

  @Produces
  DatabaseConfig database() {
    return DatabaseConfig.from(settings);
  }

  @Produces
  ApiConfig api() {
    return ApiConfig.from(settings);
  }

  @Produces
  LogConfig log() {
    return LogConfig.from(settings);
  }

  @Produces
  DiskConfig disks() {
    return DiskConfig.from(settings);
  }

  @Produces
  AccountsConfig accounts() {
    return AccountsConfig.from(settings);
  }

  /**
   * Describes the effective configuration for the log, without secrets.
   *
   * @return one line
   */
  public String describe() {
    KafkaConfig kafka = kafka();
    ProducerConfig producer = producer();
    ConsumerConfig consumer = consumer();
    return ("database %s (sslmode %s); Kafka %s, topics %s, group %s, client properties %s; "
            + "producer %s; %s; %s; %s; consumer %s; %s; %s; %s; %s")
        .formatted(
            database().address(),
            database().sslMode(),
            kafka.bootstrapServers(),
            kafka.topics(),
            kafka.groupId(),
            kafka.clientProperties().keySet().stream().sorted().toList(),
            producer.enabled() ? producer : "disabled",
            sensor(),
            weblog(),
            file(),
            consumer.enabled() ? consumer : "disabled",
            api(),
            accounts(),
            disks(),
            log());
  }
}
