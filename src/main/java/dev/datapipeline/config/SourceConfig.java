package dev.datapipeline.config;

import java.time.Duration;
import java.util.Locale;

/**
 * Settings of one source.
 *
 * @param name the source's name
 * @param topic the topic of its events
 * @param interval time from the start of one tick to the start of the next, 10 ms to 1 day
 * @param eventsPerTick maximum number of events per tick, 1 or more
 */
public record SourceConfig(String name, String topic, Duration interval, int eventsPerTick) {
  /** The shortest allowed interval. */
  public static final Duration MIN_INTERVAL = Duration.ofMillis(10);

  /** The longest allowed interval. */
  public static final Duration MAX_INTERVAL = Duration.ofDays(1);

  /** Reads the settings of a source. The producer's settings are the defaults. */
  static SourceConfig from(Settings settings, String name, int maxInFlight) {
    String prefix = "SOURCE_" + name.toUpperCase(Locale.ROOT).replace('-', '_');
    String eventsPerTickSetting =
        settings.firstSet(prefix + "_EVENTS_PER_TICK", "PRODUCER_EVENTS_PER_TICK");
    SourceConfig config =
        new SourceConfig(
            name,
            KafkaConfig.topic(settings, settings.firstSet(prefix + "_TOPIC", "KAFKA_TOPIC")),
            settings.duration(
                settings.firstSet(prefix + "_INTERVAL", "PRODUCER_INTERVAL"),
                MIN_INTERVAL,
                MAX_INTERVAL),
            settings.integer(eventsPerTickSetting, 1, 100_000));
    if (config.eventsPerTick > maxInFlight) {
      throw new InvalidSettingException(
          eventsPerTickSetting,
          Integer.toString(config.eventsPerTick),
          "at most PRODUCER_MAX_IN_FLIGHT, which is " + maxInFlight);
    }
    return config;
  }
}
