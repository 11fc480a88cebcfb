package dev.datapipeline.config;

import java.util.List;
import java.util.regex.Pattern;

/**
 * Settings of the producer.
 *
 * @param enabled whether the timers run at all
 * @param sources the sources to run, one or more, with different names
 * @param maxInFlight maximum number of events that wait for the broker's acknowledgement; the
 *     events of a tick that would exceed it are not sent
 */
public record ProducerConfig(boolean enabled, List<SourceConfig> sources, int maxInFlight) {

  private static final Pattern NAMES =
      Pattern.compile("[a-z][a-z0-9-]{0,62}(\\s*,\\s*[a-z][a-z0-9-]{0,62})*");

  static ProducerConfig from(Settings settings) {
    boolean enabled = settings.flag("PRODUCER_ENABLED");
    String value =
        settings.text(
            "PRODUCER_SOURCE", NAMES, "names of sources, separated by commas, such as sensor,host");
    List<String> names = List.of(value.split("\\s*,\\s*"));
    if (names.stream().distinct().count() < names.size()) {
      throw new InvalidSettingException("PRODUCER_SOURCE", value, "a list without duplicate names");
    }
    int maxInFlight = settings.integer("PRODUCER_MAX_IN_FLIGHT", 1, 10_000_000);
    // checks the default values even if every source overrides them
    SourceConfig.from(settings, "", maxInFlight);
    return new ProducerConfig(
        enabled,
        names.stream().map(name -> SourceConfig.from(settings, name, maxInFlight)).toList(),
        maxInFlight);
  }
}
