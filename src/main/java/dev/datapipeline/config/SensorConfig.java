package dev.datapipeline.config;

/**
 * Settings of the {@code sensor} source.
 *
 * @param count number of sensors
 * @param seed seed of the random values; the same seed gives the same values
 */
public record SensorConfig(int count, long seed) {

  static SensorConfig from(Settings settings) {
    return new SensorConfig(
        settings.integer("SENSOR_COUNT", 1, 1_000_000),
        settings.number("SENSOR_SEED", Long.MIN_VALUE, Long.MAX_VALUE));
  }
}
