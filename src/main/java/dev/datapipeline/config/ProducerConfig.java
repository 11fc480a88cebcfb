package dev.datapipeline.config;

import java.time.Duration;
import java.util.regex.Pattern;

/**
 * How events are produced.
 *
 * @param enabled whether the timer runs at all
 * @param interval from the start of one tick to the start of the next, 10 ms to 1 day
 * @param source the name of the event source
 * @param eventsPerTick how many events the source is asked for at each tick
 * @param maxInFlight events that may wait for the broker's acknowledgement; a tick that would
 *     exceed it is not sent, and counted as such
 */
public record ProducerConfig(
    boolean enabled, Duration interval, String source, int eventsPerTick, int maxInFlight) {

  private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9-]{0,62}");

  static ProducerConfig from(Settings settings) {
    ProducerConfig config =
        new ProducerConfig(
            settings.flag("PRODUCER_ENABLED"),
            settings.duration("PRODUCER_INTERVAL", Duration.ofMillis(10), Duration.ofDays(1)),
            settings.text("PRODUCER_SOURCE", NAME, "the name of a source, such as sensor"),
            settings.integer("PRODUCER_EVENTS_PER_TICK", 1, 100_000),
            settings.integer("PRODUCER_MAX_IN_FLIGHT", 1, 10_000_000));
    if (config.eventsPerTick > config.maxInFlight) {
      throw new InvalidSettingException(
          "PRODUCER_EVENTS_PER_TICK",
          Integer.toString(config.eventsPerTick),
          "at most PRODUCER_MAX_IN_FLIGHT, which is " + config.maxInFlight);
    }
    return config;
  }
}
