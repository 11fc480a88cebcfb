package dev.datapipeline.api.live;

import dev.datapipeline.api.HealthJson;
import dev.datapipeline.api.PipelineDescription;
import dev.datapipeline.api.PipelineNumbers;
import dev.datapipeline.config.KafkaConfig;
import dev.datapipeline.health.HealthChecks;
import dev.datapipeline.health.PipelineMonitor;
import dev.datapipeline.metrics.PipelineMetrics;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.HdrHistogram.Histogram;
import org.eclipse.microprofile.health.HealthCheckResponse;

/**
 * Takes samples of the pipeline for the live feed. Reads only values that are already in memory, so
 * it never waits. Not thread-safe.
 */
@ApplicationScoped
class Sampler {
  @Inject private PipelineMetrics metrics;
  @Inject private PipelineMonitor monitor;
  @Inject private HealthChecks checks;
  @Inject private PipelineDescription pipeline;
  @Inject private PipelineNumbers numbers;
  @Inject private KafkaConfig kafka;

  private final RateMeter sent = new RateMeter();
  private final RateMeter stored = new RateMeter();
  private final RateMeter deadLettered = new RateMeter();
  private final RateMeter written = new RateMeter();
  private PipelineMetrics.Counts previous;

  /** Returns the rates since the previous sample, and the lag and the state now. */
  Sample sample() {
    PipelineMetrics.Counts counts = metrics.counts();
    long nanos = System.nanoTime();
    Map<String, Double> numbers = new LinkedHashMap<>();
    sent.read(counts.sent(), nanos).ifPresent(rate -> numbers.put("sent", rate));
    stored.read(counts.stored(), nanos).ifPresent(rate -> numbers.put("stored", rate));
    deadLettered.read(counts.deadLettered(), nanos).ifPresent(rate -> numbers.put("dead", rate));
    addBatchSize(numbers, counts);
    addLatency(numbers, metrics.recentLatencies());
    // the rate at which any producer wrote to the topics
    monitor
        .written()
        .map(now -> written.read(now.records(), now.atNanos()).orElse(0))
        .ifPresent(rate -> numbers.put("in", rate));
    Map<String, Boolean> up = new LinkedHashMap<>();
    checks.readiness().forEach(check -> up.put(check.getName(), HealthJson.isUp(check)));
    return new Sample(System.currentTimeMillis(), numbers, lag(numbers), up);
  }

  /** Adds the mean number of records per transaction. */
  private void addBatchSize(Map<String, Double> numbers, PipelineMetrics.Counts counts) {
    if (previous != null) {
      long batches = counts.batches() - previous.batches();
      long records = counts.handled() - previous.handled();
      if (batches > 0 && records > 0) {
        numbers.put("batch", records / (double) batches);
      }
    }
    previous = counts;
  }

  private static void addLatency(Map<String, Double> numbers, Histogram millis) {
    if (millis.getTotalCount() > 0) {
      numbers.put("p50", (double) millis.getValueAtPercentile(50));
      numbers.put("p99", (double) millis.getValueAtPercentile(99));
    }
  }

  /** Returns the lag of the partitions that lag most, and adds that of all partitions together. */
  private Map<String, Long> lag(Map<String, Double> numbers) {
    Map<String, Long> lag = new TreeMap<>();
    monitor
        .lagByPartition()
        .ifPresent(
            known -> {
              known.forEach((partition, records) -> lag.put(partition.toString(), records));
              numbers.put("lagTotal", (double) known.values().stream().mapToLong(n -> n).sum());
              numbers.put("partitions", (double) known.size());
            });
    return Sample.worst(lag);
  }

  /** Returns the current state: health checks, sources, consumer and counters. */
  String state() {
    JsonArrayBuilder topics = Json.createArrayBuilder();
    kafka.topics().forEach(topics::add);
    return Json.createObjectBuilder()
        .add("topics", topics)
        .add("health", health())
        .add("pipeline", pipeline.json())
        .add("sinceStart", numbers.sinceStart())
        .build()
        .toString();
  }

  private JsonArrayBuilder health() {
    JsonArrayBuilder health = Json.createArrayBuilder();
    for (HealthCheckResponse check : checks.readiness()) {
      health.add(
          Json.createObjectBuilder()
              .add("name", check.getName())
              .add("up", HealthJson.isUp(check))
              .add("data", HealthJson.data(check)));
    }
    return health;
  }
}
