package dev.datapipeline.api.live;

import dev.datapipeline.api.PipelineResource;
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
import java.util.Map;
import java.util.Map.Entry;
import java.util.Optional;
import org.HdrHistogram.Histogram;
import org.apache.kafka.common.TopicPartition;
import org.eclipse.microprofile.health.HealthCheckResponse;

/**
 * Writes down what happened since the sample before. Asks nobody: it takes what is known. For one
 * thread.
 */
@ApplicationScoped
class Sampler {
  /** More lines than this no chart can show. */
  private static final int MAX_PARTITIONS = 12;

  @Inject private PipelineMetrics metrics;
  @Inject private PipelineMonitor monitor;
  @Inject private HealthChecks checks;
  @Inject private PipelineResource pipeline;
  @Inject private KafkaConfig kafka;

  private PipelineMetrics.Counts before;
  private long beforeNanos;
  private PipelineMonitor.Written written;
  private double writtenPerSecond;

  /** Returns the numbers of the last interval, small enough to keep some hundred of them. */
  String sample() {
    PipelineMetrics.Counts counts = metrics.counts();
    long nanos = System.nanoTime();
    JsonObjectBuilder json = Json.createObjectBuilder().add("t", System.currentTimeMillis());
    if (before != null) {
      double seconds = (nanos - beforeNanos) / 1e9;
      json.add("sent", rounded((counts.sent() - before.sent()) / seconds));
      json.add("stored", rounded((counts.stored() - before.stored()) / seconds));
      json.add("dead", rounded((counts.deadLettered() - before.deadLettered()) / seconds));
      long batches = counts.batches() - before.batches();
      long records = counts.handled() - before.handled();
      if (batches > 0 && records > 0) {
        json.add("batch", rounded(records / (double) batches));
      }
    }
    before = counts;
    beforeNanos = nanos;
    addLatency(json, metrics.recentLatencies());
    addTopic(json);
    JsonObjectBuilder up = Json.createObjectBuilder();
    checks.readiness().forEach(check -> up.add(check.getName(), isUp(check)));
    json.add("up", up);
    return json.build().toString();
  }

  private static void addLatency(JsonObjectBuilder json, Histogram millis) {
    if (millis.getTotalCount() > 0) {
      json.add("p50", millis.getValueAtPercentile(50)).add("p99", millis.getValueAtPercentile(99));
    }
  }

  /** What was written to the topics, by whomever, and what of it is not stored yet. */
  private void addTopic(JsonObjectBuilder json) {
    monitor
        .written()
        .ifPresent(
            now -> {
              if (written == null) {
                written = now;
              } else if (now.atNanos() > written.atNanos()) {
                // a topic that was created again has less
                writtenPerSecond =
                    Math.max(0, now.records() - written.records())
                        / ((now.atNanos() - written.atNanos()) / 1e9);
                written = now;
              }
              json.add("in", rounded(writtenPerSecond));
            });
    Optional<Map<TopicPartition, Long>> lag = monitor.lagByPartition();
    lag.ifPresent(
        byPartition -> {
          JsonObjectBuilder partitions = Json.createObjectBuilder();
          byPartition.entrySet().stream()
              .sorted(Entry.<TopicPartition, Long>comparingByValue().reversed())
              .limit(MAX_PARTITIONS)
              .sorted(Entry.comparingByKey(Comparator.comparing(TopicPartition::toString)))
              .forEach(entry -> partitions.add(entry.getKey().toString(), entry.getValue()));
          json.add("lag", partitions)
              .add("lagTotal", byPartition.values().stream().mapToLong(Long::longValue).sum())
              .add("partitions", byPartition.size());
        });
  }

  /** Returns what is true now: health with its details, sources, consumer, totals. */
  String state() {
    PipelineMetrics.Counts counts = metrics.counts();
    JsonArrayBuilder health = Json.createArrayBuilder();
    for (HealthCheckResponse check : checks.readiness()) {
      JsonObjectBuilder data = Json.createObjectBuilder();
      check
          .getData()
          .orElse(Map.of())
          .forEach(
              (name, value) -> {
                if (value instanceof Long number) {
                  data.add(name, number);
                } else {
                  data.add(name, String.valueOf(value));
                }
              });
      health.add(
          Json.createObjectBuilder()
              .add("name", check.getName())
              .add("up", isUp(check))
              .add("data", data));
    }
    JsonArrayBuilder topics = Json.createArrayBuilder();
    kafka.topics().forEach(topics::add);
    return Json.createObjectBuilder()
        .add("topics", topics)
        .add("health", health)
        .add("pipeline", pipeline.describe())
        .add(
            "sinceStart",
            Json.createObjectBuilder()
                .add("sent", counts.sent())
                .add("notSent", counts.notSent())
                .add("stored", counts.stored())
                .add("skipped", counts.skipped())
                .add("deadLettered", counts.deadLettered())
                .add("retries", counts.retries()))
        .build()
        .toString();
  }

  private static boolean isUp(HealthCheckResponse check) {
    return check.getStatus() == HealthCheckResponse.Status.UP;
  }

  private static double rounded(double number) {
    return Math.round(number * 10) / 10.0;
  }
}
