package dev.datapipeline.config;

/**
 * The {@code sensor} source.
 *
 * @param count number of sensors
 * @param seed with the same seed the values take the same course
 */
public record SensorConfig(int count, long seed) {

  static SensorConfig from(Settings settings) {
    return new SensorConfig(
        settings.integer("SENSOR_COUNT", 1, 1_000_000),
        settings.number("SENSOR_SEED", Long.MIN_VALUE, Long.MAX_VALUE));
  }
}
