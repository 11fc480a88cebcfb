package dev.datapipeline.source;

import com.github.f4b6a3.uuid.UuidCreator;
import dev.datapipeline.config.SensorConfig;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.temporal.ChronoField;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/**
 * Simulates named sensors, which are read in turn. Each value follows a daily curve with some
 * inertia, so a chart of it looks like a measurement and not like noise.
 */
@ApplicationScoped
public class SensorSource implements EventSource {

  /** A measured quantity: its unit, mean, daily amplitude, noise and number of decimals. */
  private enum Quantity {
    TEMPERATURE("°C", 21, 4, 0.08, 2),
    HUMIDITY("%", 48, 9, 0.25, 1),
    PRESSURE("hPa", 1013, 2.5, 0.05, 1),
    CO2("ppm", 620, 180, 4, 0),
    POWER("W", 340, 160, 6, 1);

    private final String unit;
    private final double mean;
    private final double dailyAmplitude;
    private final double noise;
    private final int decimals;

    Quantity(String unit, double mean, double dailyAmplitude, double noise, int decimals) {
      this.unit = unit;
      this.mean = mean;
      this.dailyAmplitude = dailyAmplitude;
      this.noise = noise;
      this.decimals = decimals;
    }

    double expected(double dayFraction) {
      return mean + dailyAmplitude * Math.sin(2 * Math.PI * (dayFraction - 0.375));
    }
  }

  /** A sensor with its own offset, whose deviation from the curve changes slowly. */
  private static final class Sensor {
    private final String name;
    private final Quantity quantity;
    private final double offset;
    private double deviation;

    Sensor(int number, Random random) {
      quantity = Quantity.values()[number % Quantity.values().length];
      name =
          "%s-%d"
              .formatted(
                  quantity.name().toLowerCase(Locale.ROOT), number / Quantity.values().length + 1);
      offset = random.nextGaussian() * quantity.dailyAmplitude / 4;
    }

    double read(double dayFraction, Random random) {
      deviation = 0.98 * deviation + quantity.noise * random.nextGaussian();
      return quantity.expected(dayFraction) + offset + deviation;
    }
  }

  private final InstantSource clock;
  private final Random random;
  private final List<Sensor> sensors = new ArrayList<>();
  private int turn;

  /** Required by CDI for client proxies; do not call. */
  protected SensorSource() {
    clock = null;
    random = null;
  }

  /**
   * Creates the configured sensors.
   *
   * @param config the number of sensors and the seed of their values
   */
  @Inject
  public SensorSource(SensorConfig config) {
    this(config, Clock.systemUTC());
  }

  SensorSource(SensorConfig config, InstantSource clock) {
    this.clock = clock;
    this.random = new Random(config.seed());
    for (int number = 0; number < config.count(); number++) {
      sensors.add(new Sensor(number, random));
    }
  }

  @Override
  public String name() {
    return "sensor";
  }

  @Override
  public synchronized List<Event> next(int max) {
    List<Event> events = new ArrayList<>(max);
    Instant now = clock.instant().truncatedTo(ChronoUnit.MILLIS);
    double dayFraction =
        now.atOffset(ZoneOffset.UTC).getLong(ChronoField.MILLI_OF_DAY) / 86_400_000.0;
    for (int i = 0; i < max; i++) {
      Sensor sensor = sensors.get(turn);
      turn = (turn + 1) % sensors.size();
      events.add(event(sensor, now, sensor.read(dayFraction, random)));
    }
    return events;
  }

  /**
   * Concatenates the JSON. No part needs escaping, and at high rates a JSON library would cost more
   * than everything else.
   */
  private static Event event(Sensor sensor, Instant now, double value) {
    String json =
        "{\"id\":\""
            + UuidCreator.getTimeOrderedEpoch()
            + "\",\"timestamp\":\""
            + now
            + "\",\"sensor\":\""
            + sensor.name
            + "\",\"value\":"
            + rounded(value, sensor.quantity.decimals)
            + ",\"unit\":\""
            + sensor.quantity.unit
            + "\"}";
    return new Event(sensor.name, now, json.getBytes(StandardCharsets.UTF_8));
  }

  private static String rounded(double value, int decimals) {
    double scale = Math.pow(10, decimals);
    double rounded = Math.round(value * scale) / scale;
    return decimals == 0 ? Long.toString((long) rounded) : Double.toString(rounded);
  }
}
