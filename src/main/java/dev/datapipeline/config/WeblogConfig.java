package dev.datapipeline.config;

/**
 * Settings of the {@code weblog} source.
 *
 * @param visitors maximum number of visitors at the same time
 * @param seed seed of the random values; the same seed and clock give the same events
 */
public record WeblogConfig(int visitors, long seed) {

  static WeblogConfig from(Settings settings) {
    return new WeblogConfig(
        settings.integer("WEBLOG_VISITORS", 1, 1_000_000),
        settings.number("WEBLOG_SEED", Long.MIN_VALUE, Long.MAX_VALUE));
  }
}
