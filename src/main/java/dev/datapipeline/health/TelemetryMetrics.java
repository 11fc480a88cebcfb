package dev.datapipeline.health;

import dev.datapipeline.consumer.EventConsumer;
import dev.datapipeline.metrics.PipelineMetrics;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.metrics.Meter;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.eclipse.microprofile.health.HealthCheckResponse;

/**
 * Publishes the pipeline's metrics to OpenTelemetry, which doesn't export the metrics of
 * MicroProfile Metrics. Values are read only when they are exported.
 */
@ApplicationScoped
public class TelemetryMetrics {
  private static final AttributeKey<String> TOPIC = AttributeKey.stringKey("topic");
  private static final AttributeKey<Long> PARTITION = AttributeKey.longKey("partition");
  private static final AttributeKey<String> PART = AttributeKey.stringKey("part");

  @Inject private OpenTelemetry telemetry;
  @Inject private PipelineMetrics metrics;
  @Inject private PipelineMonitor monitor;
  @Inject private HealthChecks checks;
  @Inject private EventConsumer consumer;

  @Inject
  @ConfigProperty(name = "otel.sdk.disabled", defaultValue = "true")
  private boolean disabled;

  private final List<Runnable> removals = new ArrayList<>();

  /** Registers the instruments. Must be called once. */
  public void start() {
    if (disabled) {
      return;
    }
    Meter meter = telemetry.getMeter("dev.datapipeline");
    counter(meter, "records.stored", "{record}", PipelineMetrics.Counts::stored);
    counter(meter, "records.skipped", "{record}", PipelineMetrics.Counts::skipped);
    counter(meter, "records.dead_lettered", "{record}", PipelineMetrics.Counts::deadLettered);
    counter(meter, "batch.retries", "{attempt}", PipelineMetrics.Counts::retries);
    counter(meter, "producer.events.sent", "{event}", PipelineMetrics.Counts::sent);
    counter(meter, "producer.events.failed", "{event}", PipelineMetrics.Counts::notSent);
    removals.add(
        meter
                .gaugeBuilder("datapipeline.queue")
                .setUnit("By")
                .ofLongs()
                .buildWithCallback(measurement -> measurement.record(consumer.queueBytes()))
            ::close);
    removals.add(
        meter
                .gaugeBuilder("datapipeline.lag")
                .setUnit("{record}")
                .ofLongs()
                .buildWithCallback(
                    measurement ->
                        monitor
                            .lagByPartition()
                            .orElse(Map.of())
                            .forEach(
                                (partition, lag) ->
                                    measurement.record(
                                        lag,
                                        Attributes.of(
                                            TOPIC,
                                            partition.topic(),
                                            PARTITION,
                                            (long) partition.partition()))))
            ::close);
    removals.add(
        meter
                .gaugeBuilder("datapipeline.ready")
                .ofLongs()
                .buildWithCallback(
                    measurement ->
                        checks
                            .readiness()
                            .forEach(
                                check ->
                                    measurement.record(
                                        check.getStatus() == HealthCheckResponse.Status.UP ? 1 : 0,
                                        Attributes.of(PART, check.getName()))))
            ::close);
  }

  private void counter(
      Meter meter, String name, String unit, ToLongFunction<PipelineMetrics.Counts> number) {
    removals.add(
        meter
                .counterBuilder("datapipeline." + name)
                .setUnit(unit)
                .buildWithCallback(
                    measurement -> measurement.record(number.applyAsLong(metrics.counts())))
            ::close);
  }

  /** Removes the instruments. The server's telemetry outlives the application. */
  @PreDestroy
  void stop() {
    removals.forEach(Runnable::run);
  }
}
