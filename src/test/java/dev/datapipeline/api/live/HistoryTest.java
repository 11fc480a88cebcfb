package dev.datapipeline.api.live;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.io.StringReader;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class HistoryTest {
  private final History history = new History();

  private static Sample sample(long second) {
    return new Sample(
        second * 1000,
        Map.of("stored", (double) second, "p99", (double) second),
        Map.of("topic-0", second),
        Map.of("broker", second != 3));
  }

  private JsonObject range(String name) {
    return Json.createReader(new StringReader(history.json(name).orElseThrow())).readObject();
  }

  private List<JsonObject> samples(String name) {
    return range(name).getJsonArray("samples").getValuesAs(JsonObject.class);
  }

  @Test
  void aStepHasMeanRatesTheLargestLatencyAndLagAndWhetherAllWasUp() {
    for (int second = 1; second <= 10; second++) {
      history.add(sample(second));
    }

    assertThat(samples("1h"))
        .containsExactly(
            Json.createReader(
                    new StringReader(
                        "{\"t\":10000,\"stored\":5.5,\"p99\":10,\"lag\":{\"topic-0\":10},"
                            + "\"up\":{\"broker\":false}}"))
                .readObject());
  }

  @Test
  void whatHasComeSinceTheLastStepIsInEachRange() {
    history.add(sample(4));
    assertThat(samples("1h")).hasSize(1);
    assertThat(samples("24h")).hasSize(1);
    for (int second = 5; second <= 14; second++) {
      history.add(sample(second));
    }

    assertThat(samples("1h")).hasSize(2);
    assertThat(samples("6h"))
        .singleElement()
        .extracting(step -> step.getInt("t"))
        .isEqualTo(14_000);
  }

  @Test
  void aDayIsKeptWithinTheBound() {
    int day = 24 * 60 * 60;
    for (int second = 0; second <= day + 4000; second++) {
      history.add(sample(second));
    }

    for (String name : List.of("1h", "6h", "24h")) {
      List<JsonObject> samples = samples(name);
      assertThat(samples).hasSizeBetween(History.SAMPLES, History.SAMPLES + 1);
      JsonObject range = range(name);
      long covered =
          samples.get(samples.size() - 1).getJsonNumber("t").longValue()
              - samples.get(0).getJsonNumber("t").longValue();
      assertThat(covered)
          .isGreaterThanOrEqualTo((History.SAMPLES - 1L) * range.getInt("stepMillis"));
      assertThat((long) History.SAMPLES * range.getInt("stepMillis"))
          .isEqualTo(Long.parseLong(name.replace("h", "")) * 3_600_000);
    }
  }

  @Test
  void ofManyPartitionsTheWorstAreKept() {
    Map<String, Long> lag = new TreeMap<>();
    for (long partition = 0; partition < 100; partition++) {
      lag.put("topic-" + partition, partition);
    }

    assertThat(Sample.worst(lag)).hasSize(Sample.MAX_PARTITIONS).containsEntry("topic-99", 99L);
    Sample other = new Sample(1, Map.of(), Map.of("topic-0", 1000L), Map.of());
    assertThat(Sample.merge(List.of(new Sample(0, Map.of(), lag, Map.of()), other)).lag())
        .hasSize(Sample.MAX_PARTITIONS)
        .containsEntry("topic-0", 1000L)
        .doesNotContainKey("topic-88");
  }

  @Test
  void anUnknownRangeIsNone() {
    assertThat(history.json("7h")).isEmpty();
  }
}
