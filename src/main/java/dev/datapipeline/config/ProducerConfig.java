package dev.datapipeline.config;

import java.util.List;
import java.util.regex.Pattern;

/**
 * How events are produced.
 *
 * @param enabled whether the timers run at all
 * @param sources the sources that run at the same time, one or more, each name once
 * @param maxInFlight events that may wait for the broker's acknowledgement; a tick that would
 *     exceed it is not sent, and counted as such
 */
public record ProducerConfig(boolean enabled, List<SourceConfig> sources, int maxInFlight) {

  private static final Pattern NAMES =
      Pattern.compile("[a-z][a-z0-9-]{0,62}(\\s*,\\s*[a-z][a-z0-9-]{0,62})*");

  static ProducerConfig from(Settings settings) {
    boolean enabled = settings.flag("PRODUCER_ENABLED");
    String value =
        settings.text(
            "PRODUCER_SOURCE", NAMES, "names of sources, separated by commas, such as sensor");
    List<String> names = List.of(value.split("\\s*,\\s*"));
    if (names.stream().distinct().count() < names.size()) {
      throw new InvalidSettingException("PRODUCER_SOURCE", value, "names that differ");
    }
    int maxInFlight = settings.integer("PRODUCER_MAX_IN_FLIGHT", 1, 10_000_000);
    // checked even if each source has its own
    SourceConfig.from(settings, "", maxInFlight);
    return new ProducerConfig(
        enabled,
        names.stream().map(name -> SourceConfig.from(settings, name, maxInFlight)).toList(),
        maxInFlight);
  }
}
