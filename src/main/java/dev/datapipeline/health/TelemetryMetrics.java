package dev.datapipeline.health;

import dev.datapipeline.metrics.PipelineMetrics;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.common.AttributesBuilder;
import io.opentelemetry.api.metrics.DoubleHistogram;
import io.opentelemetry.api.metrics.Meter;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.eclipse.microprofile.metrics.MetricID;
import org.eclipse.microprofile.metrics.MetricRegistry;

/**
 * Publishes the pipeline's metrics to OpenTelemetry, which doesn't export the metrics of
 * MicroProfile Metrics. Counters and gauges are read only when they are exported.
 */
@ApplicationScoped
public class TelemetryMetrics {

  /**
   * A metric under its two names.
   *
   * @param name the name in OpenTelemetry, without its prefix
   * @param unit the unit there
   * @param original the name at {@code /metrics}, without its prefix
   */
  private record Name(String name, String unit, String original) {
    String exported() {
      return "datapipeline." + name;
    }

    boolean is(MetricID id) {
      return id.getName().equals("datapipeline_" + original);
    }
  }

  private static final List<Name> COUNTERS =
      List.of(
          new Name("records.received", "{record}", "records_received_total"),
          new Name("records.stored", "{record}", "records_stored_total"),
          new Name("records.skipped", "{record}", "records_skipped_total"),
          new Name("records.dead_lettered", "{record}", "records_dead_lettered_total"),
          new Name("batch.retries", "{attempt}", "batch_retries_total"),
          new Name("producer.events.sent", "{event}", "producer_events_sent_total"),
          new Name("producer.events.failed", "{event}", "producer_events_failed_total"),
          new Name("http.credentials.refused", "{request}", "http_credentials_refused_total"));

  private static final List<Name> GAUGES =
      List.of(
          new Name("lag", "{record}", "lag_records"),
          new Name("oldest_unstored", "s", "oldest_unstored_seconds"),
          new Name("open_transaction", "s", "open_transaction_seconds"),
          new Name("offsets.lost", "{offset}", "lost_offsets"),
          new Name("logs.gone_back", "{time}", "logs_gone_back"),
          new Name("queue", "By", "queue_bytes"),
          new Name("ready", "1", "ready"),
          new Name("paused", "1", "paused"),
          new Name("build", "1", "build_info"),
          new Name("disk.free", "By", "disk_free_bytes"),
          new Name("disk.size", "By", "disk_size_bytes"),
          new Name("backup.age", "s", "backup_age_seconds"),
          new Name("certificate.expiry", "s", "certificate_expiry_timestamp_seconds"));

  private static final List<Name> HISTOGRAMS =
      List.of(
          new Name("batch.records", "{record}", "batch_records"),
          new Name("batch.write", "s", "batch_write_seconds"),
          new Name("end_to_end_latency", "s", "end_to_end_latency_seconds"));

  @Inject private OpenTelemetry telemetry;
  @Inject private MetricRegistry registry;
  @Inject private PipelineMetrics metrics;

  @Inject
  @ConfigProperty(name = "otel.sdk.disabled", defaultValue = "true")
  private boolean disabled;

  @Inject
  @ConfigProperty(name = "mp.metrics.distribution.histogram.buckets")
  private String histogramBuckets;

  @Inject
  @ConfigProperty(name = "mp.metrics.distribution.timer.buckets")
  private String timerBuckets;

  private final List<Runnable> removals = new ArrayList<>();

  /** Registers the instruments. Must be called once. */
  public void start() {
    if (disabled) {
      return;
    }
    Meter meter = telemetry.getMeter("dev.datapipeline");
    COUNTERS.forEach(counter -> publishCounter(meter, counter));
    GAUGES.forEach(gauge -> publishGauge(meter, gauge));
    Map<String, DoubleHistogram> histograms = new HashMap<>();
    for (Name histogram : HISTOGRAMS) {
      histograms.put(
          histogram.original(),
          meter
              .histogramBuilder(histogram.exported())
              .setUnit(histogram.unit())
              .setExplicitBucketBoundariesAdvice(
                  bounds(histogramBuckets + ";" + timerBuckets, histogram.original()))
              .build());
    }
    metrics.observedBy((metric, value) -> histograms.get(metric).record(value));
  }

  private void publishCounter(Meter meter, Name counter) {
    removals.add(
        meter
                .counterBuilder(counter.exported())
                .setUnit(counter.unit())
                .buildWithCallback(
                    measurement ->
                        registry
                            .getCounters((id, any) -> counter.is(id))
                            .forEach((id, value) -> measurement.record(value.getCount())))
            ::close);
  }

  private void publishGauge(Meter meter, Name gauge) {
    removals.add(
        meter
                .gaugeBuilder(gauge.exported())
                .setUnit(gauge.unit())
                .buildWithCallback(
                    measurement ->
                        registry
                            .getGauges((id, any) -> gauge.is(id))
                            .forEach(
                                (id, value) -> {
                                  double now = value.getValue().doubleValue();
                                  // what is unknown is not exported
                                  if (!Double.isNaN(now)) {
                                    measurement.record(now, attributes(id));
                                  }
                                }))
            ::close);
  }

  private static Attributes attributes(MetricID id) {
    AttributesBuilder attributes = Attributes.builder();
    id.getTags()
        .forEach(
            (tag, value) -> {
              if (tag.equals("partition")) {
                attributes.put(tag, Long.parseLong(value));
              } else if (!tag.equals("mp_scope")) {
                attributes.put(tag, value);
              }
            });
    return attributes.build();
  }

  /** Returns the bounds that the metric has at {@code /metrics}: {@code name=1ms,2s,100;…}. */
  static List<Double> bounds(String buckets, String metric) {
    String prefix = "datapipeline_" + metric + "=";
    return Stream.of(buckets.split(";"))
        .filter(entry -> entry.startsWith(prefix))
        .flatMap(entry -> Stream.of(entry.substring(prefix.length()).split(",")))
        .map(
            bound -> {
              double number = Double.parseDouble(bound.replaceAll("[a-z]", ""));
              return bound.endsWith("ms") ? number / 1000 : number;
            })
        .toList();
  }

  /** Removes the instruments. The server's telemetry outlives the application. */
  @PreDestroy
  void stop() {
    removals.forEach(Runnable::run);
  }
}
