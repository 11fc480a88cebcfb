package dev.datapipeline.config;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import org.eclipse.microprofile.config.Config;
import org.eclipse.microprofile.config.ConfigValue;
import org.eclipse.microprofile.config.spi.ConfigSource;
import org.eclipse.microprofile.config.spi.Converter;

/** The defaults that the application ships, with some values of a test's own. */
final class MapConfig implements Config {
  private final Map<String, String> values = new HashMap<>();

  private record Value(String name, String value) implements ConfigValue {
    @Override
    public String getName() {
      return name;
    }

    @Override
    public String getValue() {
      return value;
    }

    @Override
    public String getRawValue() {
      return value;
    }

    @Override
    public String getSourceName() {
      return "test";
    }

    @Override
    public int getSourceOrdinal() {
      return 0;
    }
  }

  static MapConfig defaults() {
    Properties defaults = new Properties();
    try (InputStream file =
        MapConfig.class.getResourceAsStream("/META-INF/microprofile-config.properties")) {
      defaults.load(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    MapConfig config = new MapConfig();
    defaults.forEach((name, value) -> config.values.put((String) name, (String) value));
    return config;
  }

  /** The value of an environment variable. */
  MapConfig with(String setting, String value) {
    values.put(setting.toLowerCase(java.util.Locale.ROOT).replace('_', '.'), value);
    return this;
  }

  MapConfig without(String setting) {
    values.remove(setting.toLowerCase(java.util.Locale.ROOT).replace('_', '.'));
    return this;
  }

  /** The names of all properties. */
  Set<String> names() {
    return Set.copyOf(values.keySet());
  }

  Settings settings() {
    return new Settings(this);
  }

  @Override
  public ConfigValue getConfigValue(String name) {
    return new Value(name, values.get(name));
  }

  @Override
  public <T> T getValue(String name, Class<T> type) {
    return getOptionalValue(name, type).orElseThrow();
  }

  @Override
  public <T> Optional<T> getOptionalValue(String name, Class<T> type) {
    // an empty value is none
    return Optional.ofNullable(values.get(name)).filter(value -> !value.isEmpty()).map(type::cast);
  }

  @Override
  public Iterable<String> getPropertyNames() {
    return values.keySet();
  }

  @Override
  public Iterable<ConfigSource> getConfigSources() {
    return List.of();
  }

  @Override
  public <T> Optional<Converter<T>> getConverter(Class<T> type) {
    return Optional.empty();
  }

  @Override
  public <T> T unwrap(Class<T> type) {
    throw new IllegalArgumentException();
  }
}
