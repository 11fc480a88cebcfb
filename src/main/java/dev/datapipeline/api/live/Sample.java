package dev.datapipeline.api.live;

import dev.datapipeline.api.PipelineNumbers;
import jakarta.json.Json;
import jakarta.json.JsonObjectBuilder;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Map.Entry;
import java.util.TreeMap;

/**
 * The numbers of one second, or of a longer time.
 *
 * @param millis the end of that time, in epoch milliseconds
 * @param numbers rates, latencies and sizes by name; unknown ones are missing
 * @param lag the lag of the partitions that lag most; empty if it is unknown
 * @param up whether each part was ready all the time
 */
record Sample(
    long millis, Map<String, Double> numbers, Map<String, Long> lag, Map<String, Boolean> up) {
  /** Charts become unreadable beyond this many lines. */
  static final int MAX_PARTITIONS = 12;

  /** Numbers of which the largest counts. Of the others it is the mean. */
  private static final List<String> LARGEST = List.of("p99", "lagTotal", "partitions");

  /** Returns one sample in the place of several. */
  static Sample merge(List<Sample> samples) {
    Map<String, Double> sums = new LinkedHashMap<>();
    Map<String, Integer> counts = new LinkedHashMap<>();
    Map<String, Long> lag = new TreeMap<>();
    Map<String, Boolean> up = new LinkedHashMap<>();
    for (Sample sample : samples) {
      sample.numbers.forEach(
          (name, value) -> {
            sums.merge(name, value, LARGEST.contains(name) ? Math::max : Double::sum);
            counts.merge(name, LARGEST.contains(name) ? 0 : 1, Integer::sum);
          });
      sample.lag.forEach((partition, records) -> lag.merge(partition, records, Math::max));
      sample.up.forEach((part, ready) -> up.merge(part, ready, Boolean::logicalAnd));
    }
    sums.replaceAll((name, sum) -> sum / Math.max(1, counts.get(name)));
    return new Sample(samples.get(samples.size() - 1).millis, sums, worst(lag), up);
  }

  /** Returns the partitions that lag most, in the order of their names. */
  static Map<String, Long> worst(Map<String, Long> lag) {
    Map<String, Long> worst = new TreeMap<>();
    lag.entrySet().stream()
        .sorted(Entry.<String, Long>comparingByValue(Comparator.reverseOrder()))
        .limit(MAX_PARTITIONS)
        .forEach(entry -> worst.put(entry.getKey(), entry.getValue()));
    return worst;
  }

  /** Returns the sample as JSON. Small, because many samples are kept. */
  String json() {
    JsonObjectBuilder json = Json.createObjectBuilder().add("t", millis);
    numbers.forEach(
        (name, value) -> {
          double rounded = PipelineNumbers.rounded(value);
          if (rounded == Math.rint(rounded)) {
            json.add(name, (long) rounded);
          } else {
            json.add(name, rounded);
          }
        });
    if (!lag.isEmpty()) {
      JsonObjectBuilder partitions = Json.createObjectBuilder();
      lag.forEach(partitions::add);
      json.add("lag", partitions);
    }
    JsonObjectBuilder parts = Json.createObjectBuilder();
    up.forEach(parts::add);
    return json.add("up", parts).build().toString();
  }
}
