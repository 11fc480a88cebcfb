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
import jakarta.json.JsonObjectBuilder;
import java.util.Comparator;
import java.util.Map.Entry;
import java.util.OptionalDouble;
import org.HdrHistogram.Histogram;
import org.apache.kafka.common.TopicPartition;
import org.eclipse.microprofile.health.HealthCheckResponse;

/**
 * Takes samples of the pipeline for the live feed. Reads only values that are already in memory, so
 * it never waits. Not thread-safe.
 */
@ApplicationScoped
class Sampler {
  /** Charts become unreadable beyond this many lines. */
  private static final int MAX_PARTITIONS = 12;

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

  /** Returns the rates since the previous sample. Small, because hundreds of samples are kept. */
  String sample() {
    PipelineMetrics.Counts counts = metrics.counts();
    long nanos = System.nanoTime();
    JsonObjectBuilder json = Json.createObjectBuilder().add("t", System.currentTimeMillis());
    addRate(json, "sent", sent.read(counts.sent(), nanos));
    addRate(json, "stored", stored.read(counts.stored(), nanos));
    addRate(json, "dead", deadLettered.read(counts.deadLettered(), nanos));
    addBatchSize(json, counts);
    addLatency(json, metrics.recentLatencies());
    addWritten(json);
    addLag(json);
    JsonObjectBuilder up = Json.createObjectBuilder();
    checks.readiness().forEach(check -> up.add(check.getName(), HealthJson.isUp(check)));
    json.add("up", up);
    return json.build().toString();
  }

  private static void addRate(JsonObjectBuilder json, String name, OptionalDouble perSecond) {
    perSecond.ifPresent(rate -> json.add(name, PipelineNumbers.rounded(rate)));
  }

  /** Adds the mean number of records per transaction. */
  private void addBatchSize(JsonObjectBuilder json, PipelineMetrics.Counts counts) {
    if (previous != null) {
      long batches = counts.batches() - previous.batches();
      long records = counts.handled() - previous.handled();
      if (batches > 0 && records > 0) {
        json.add("batch", PipelineNumbers.rounded(records / (double) batches));
      }
    }
    previous = counts;
  }

  private static void addLatency(JsonObjectBuilder json, Histogram millis) {
    if (millis.getTotalCount() > 0) {
      json.add("p50", millis.getValueAtPercentile(50)).add("p99", millis.getValueAtPercentile(99));
    }
  }

  /** Adds the rate at which any producer wrote to the topics. */
  private void addWritten(JsonObjectBuilder json) {
    monitor
        .written()
        .map(now -> written.read(now.records(), now.atNanos()).orElse(0))
        .ifPresent(rate -> json.add("in", PipelineNumbers.rounded(rate)));
  }

  /** Adds the lag of the partitions that lag most, and of all partitions together. */
  private void addLag(JsonObjectBuilder json) {
    monitor
        .lagByPartition()
        .ifPresent(
            lag -> {
              JsonObjectBuilder partitions = Json.createObjectBuilder();
              lag.entrySet().stream()
                  .sorted(Entry.<TopicPartition, Long>comparingByValue().reversed())
                  .limit(MAX_PARTITIONS)
                  .sorted(Entry.comparingByKey(Comparator.comparing(TopicPartition::toString)))
                  .forEach(entry -> partitions.add(entry.getKey().toString(), entry.getValue()));
              json.add("lag", partitions)
                  .add("lagTotal", lag.values().stream().mapToLong(Long::longValue).sum())
                  .add("partitions", lag.size());
            });
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
