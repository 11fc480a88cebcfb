package dev.datapipeline.source;

import static org.assertj.core.api.Assertions.assertThat;

import dev.datapipeline.config.SensorConfig;
import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class SensorSourceTest {
  private static final Instant START = Instant.parse("2026-01-02T03:04:05.678901Z");

  /** A clock that advances by a second each time it is read. */
  private static final class Ticking implements InstantSource {
    private Instant now = START;

    @Override
    public Instant instant() {
      now = now.plusSeconds(1);
      return now;
    }
  }

  private static SensorSource source(int count, long seed) {
    return new SensorSource(new SensorConfig(count, seed), new Ticking());
  }

  private static JsonObject json(Event event) {
    String text = new String(event.json(), StandardCharsets.UTF_8);
    return Json.createReader(new StringReader(text)).readObject();
  }

  @Test
  void anEventHasIdTimeSensorValueAndUnit() {
    Event event = source(5, 1).next(1).get(0);
    JsonObject json = json(event);

    assertThat(json.keySet()).containsExactly("id", "timestamp", "sensor", "value", "unit");
    assertThat(UUID.fromString(json.getString("id")).version()).isEqualTo(7);
    assertThat(json.getString("sensor")).isEqualTo("temperature-1").isEqualTo(event.key());
    assertThat(json.getString("unit")).isEqualTo("°C");
    assertThat(json.getJsonNumber("value").doubleValue()).isBetween(-50.0, 80.0);
  }

  @Test
  void theTimestampIsTheRecordsToTheMillisecond() {
    Event event = source(1, 1).next(1).get(0);

    assertThat(event.timestamp()).isEqualTo(Instant.parse("2026-01-02T03:04:06.678Z"));
    assertThat(Instant.parse(json(event).getString("timestamp"))).isEqualTo(event.timestamp());
  }

  @Test
  void noIdIsGivenTwice() {
    Set<String> ids = new HashSet<>();
    for (Event event : source(3, 1).next(1000)) {
      ids.add(json(event).getString("id"));
    }
    assertThat(ids).hasSize(1000);
  }

  @Test
  void sensorsTakeTurnsAcrossTicks() {
    SensorSource source = source(3, 1);
    List<String> keys = new ArrayList<>();
    for (int tick = 0; tick < 3; tick++) {
      source.next(2).forEach(event -> keys.add(event.key()));
    }
    assertThat(keys)
        .containsExactly(
            "temperature-1",
            "humidity-1",
            "pressure-1",
            "temperature-1",
            "humidity-1",
            "pressure-1");
  }

  @Test
  void theSeedSetsTheCourse() {
    assertThat(values(source(10, 7), 200)).isEqualTo(values(source(10, 7), 200));
    assertThat(values(source(10, 7), 200)).isNotEqualTo(values(source(10, 8), 200));
  }

  private static List<Double> values(SensorSource source, int count) {
    return source.next(count).stream()
        .map(event -> json(event).getJsonNumber("value").doubleValue())
        .toList();
  }

  /** White noise has a lag-1 autocorrelation of about 0. */
  @Test
  void aValueIsNearTheOneBefore() {
    for (int sensor = 0; sensor < 5; sensor++) {
      List<Double> course = new ArrayList<>();
      SensorSource source = source(5, 42);
      for (int tick = 0; tick < 2000; tick++) {
        course.add(json(source.next(5).get(sensor)).getJsonNumber("value").doubleValue());
      }
      assertThat(autocorrelation(course)).as("sensor %d", sensor).isGreaterThan(0.8);
      assertThat(new HashSet<>(course)).as("sensor %d", sensor).hasSizeGreaterThan(5);
    }
  }

  private static double autocorrelation(List<Double> values) {
    double mean = values.stream().mapToDouble(v -> v).average().orElseThrow();
    double covariance = 0;
    double variance = 0;
    for (int i = 0; i < values.size(); i++) {
      variance += Math.pow(values.get(i) - mean, 2);
      if (i > 0) {
        covariance += (values.get(i) - mean) * (values.get(i - 1) - mean);
      }
    }
    return covariance / variance;
  }
}
