package dev.datapipeline.config;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.eclipse.microprofile.config.spi.ConfigSource;

/**
 * Passes environment variables to the Kafka clients: {@code KAFKA_CLIENT_SECURITY_PROTOCOL} becomes
 * the connector's property {@code security.protocol}. The connector finds its properties by listing
 * all property names. MicroProfile Config lists environment variables under their own names only,
 * without dots, so this source adds the names with dots.
 */
public class KafkaClientConfigSource implements ConfigSource {
  private static final String VARIABLE_PREFIX = "KAFKA_CLIENT_";

  private final Map<String, String> properties;

  /** Reads the environment of the process. */
  public KafkaClientConfigSource() {
    this(System.getenv());
  }

  KafkaClientConfigSource(Map<String, String> environment) {
    Map<String, String> found = new HashMap<>();
    environment.forEach(
        (variable, value) -> {
          if (variable.startsWith(VARIABLE_PREFIX)) {
            String property = variable.substring(VARIABLE_PREFIX.length());
            found.put(
                Configuration.CONNECTOR_PREFIX
                    + property.toLowerCase(Locale.ROOT).replace('_', '.'),
                value);
          }
        });
    properties = Map.copyOf(found);
  }

  @Override
  public Set<String> getPropertyNames() {
    return properties.keySet();
  }

  @Override
  public String getValue(String propertyName) {
    return properties.get(propertyName);
  }

  @Override
  public String getName() {
    return "environment variables " + VARIABLE_PREFIX + "*";
  }

  /** Returns the ordinal of environment variables. */
  @Override
  public int getOrdinal() {
    return 300;
  }
}
