package dev.datapipeline.config;

/**
 * The {@code weblog} source.
 *
 * @param visitors how many visitors may be on the site at once
 * @param seed with the same seed, at the same times, the same visits happen
 */
public record WeblogConfig(int visitors, long seed) {

  static WeblogConfig from(Settings settings) {
    return new WeblogConfig(
        settings.integer("WEBLOG_VISITORS", 1, 1_000_000),
        settings.number("WEBLOG_SEED", Long.MIN_VALUE, Long.MAX_VALUE));
  }
}
