package dev.datapipeline.it;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.datapipeline.backends.Ports;
import io.opentelemetry.proto.metrics.v1.HistogramDataPoint;
import io.opentelemetry.proto.metrics.v1.Metric;
import io.opentelemetry.proto.trace.v1.Span;
import java.io.IOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Traces, logs and metrics as a collector receives them. */
class TelemetryIT {
  private static final Duration SOON = Duration.ofSeconds(60);

  private static Collector collector;
  private static Pipeline pipeline;
  private static String password;
  private static Api api;

  @BeforeAll
  static void start() throws IOException {
    collector = new Collector();
    pipeline = traced("telemetry", collector.endpoint());
    Application application = pipeline.running();
    String announcement =
        application.log().stream()
            .filter(line -> line.contains("password of the user operator is in the file"))
            .findFirst()
            .orElseThrow();
    password = Files.readString(Path.of(announcement.replaceFirst(".* file ", "")));
    api = new Api(application.httpPort(), password);
  }

  private static Pipeline traced(String name, String endpoint) {
    return new Pipeline(name, 2)
        .with("DISK_PATHS", "/")
        .with("PRODUCER_ENABLED", "true")
        .with("PRODUCER_EVENTS_PER_TICK", "3")
        .with("OTEL_SDK_DISABLED", "false")
        .with("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
        .with("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
        .with("OTEL_BSP_SCHEDULE_DELAY", "200")
        .with("OTEL_BLRP_SCHEDULE_DELAY", "200")
        .with("OTEL_METRIC_EXPORT_INTERVAL", "1000");
  }

  @AfterAll
  static void close() {
    pipeline.close();
    collector.close();
  }

  private static List<Span> spansOf(String trace) {
    return collector.spans().stream().filter(span -> Collector.trace(span).equals(trace)).toList();
  }

  private static Optional<Span> ofKind(List<Span> spans, Span.SpanKind kind) {
    return spans.stream().filter(span -> span.getKind() == kind).findFirst();
  }

  private static Span await(String trace, Span.SpanKind kind) {
    Awaitility.await(kind + " in " + trace)
        .atMost(SOON)
        .until(() -> ofKind(spansOf(trace), kind).isPresent());
    return ofKind(spansOf(trace), kind).orElseThrow();
  }

  /** Returns how many records the batch of a sender says that it has stored; empty if none does. */
  private static String stored(Span sent) {
    return ofKind(spansOf(Collector.trace(sent)), Span.SpanKind.SPAN_KIND_CONSUMER)
        .map(span -> Collector.attribute(span, "datapipeline.records.stored"))
        .orElse("");
  }

  @Test
  void aTickIsOneTraceFromTheProducerToTheBatch() {
    // a batch with the events of several ticks has a trace of its own
    Span sent =
        Awaitility.await("a tick that is a batch")
            .atMost(SOON)
            .until(
                () ->
                    collector.spans().stream()
                        .filter(span -> span.getKind() == Span.SpanKind.SPAN_KIND_PRODUCER)
                        .filter(span -> !stored(span).isEmpty())
                        .findFirst(),
                Optional::isPresent)
            .orElseThrow();
    assertThat(sent.getName()).isEqualTo("send telemetry");
    assertThat(Collector.attribute(sent, "messaging.system")).isEqualTo("kafka");
    assertThat(Collector.attribute(sent, "messaging.batch.message_count")).isEqualTo("3");
    Span stored = await(Collector.trace(sent), Span.SpanKind.SPAN_KIND_CONSUMER);
    assertThat(stored.getName()).isEqualTo("store telemetry");
    assertThat(stored.getParentSpanId()).isEqualTo(sent.getSpanId());
    assertThat(stored(sent)).matches("[1-3]");
    assertThat(stored.getEndTimeUnixNano()).isGreaterThan(sent.getStartTimeUnixNano());
    assertThat(collector.services()).containsExactly("datapipeline");
  }

  @Test
  void aRequestIsOneTraceFromItsClientToTheBatch() {
    String trace = "0af7651916cd43dd8448eb211c80319c";
    Map<String, String> headers = new HashMap<>();
    headers.put("Content-Type", "application/json");
    headers.put("traceparent", "00-" + trace + "-b7ad6b7169203331-01");
    assertThat(
            api.post("/api/events", headers, BodyPublishers.ofString("{\"traced\":true}"))
                .statusCode())
        .isEqualTo(202);
    Span server = await(trace, Span.SpanKind.SPAN_KIND_SERVER);
    Span sent = await(trace, Span.SpanKind.SPAN_KIND_PRODUCER);
    Span stored = await(trace, Span.SpanKind.SPAN_KIND_CONSUMER);
    assertThat(sent.getParentSpanId()).isEqualTo(server.getSpanId());
    assertThat(stored.getParentSpanId()).isEqualTo(sent.getSpanId());
  }

  @Test
  void aBatchOfManySendersHasASpanInTheTraceOfEach() {
    assertThat(api.control("POST", "/api/pipeline/consumer/pause").statusCode()).isEqualTo(200);
    String first = "11111111111111111111111111111111";
    String second = "22222222222222222222222222222222";
    for (String trace : List.of(first, second)) {
      ProducerRecord<byte[], byte[]> record =
          new ProducerRecord<>(pipeline.name(), 1, null, "{\"many\":1}".getBytes(UTF_8));
      record
          .headers()
          .add("traceparent", "00-%s-00f067aa0ba902b7-01".formatted(trace).getBytes(UTF_8));
      pipeline.producer().send(record);
    }
    pipeline.producer().flush();
    assertThat(api.control("POST", "/api/pipeline/consumer/resume").statusCode()).isEqualTo(200);
    for (String trace : List.of(first, second)) {
      Span stored = await(trace, Span.SpanKind.SPAN_KIND_CONSUMER);
      assertThat(stored.getName()).isEqualTo("store telemetry");
      assertThat(Collector.attribute(stored, "messaging.destination.partition.id")).isEqualTo("1");
      assertThat(stored.getLinksList()).hasSize(1);
      String batch =
          java.util.HexFormat.of().formatHex(stored.getLinks(0).getTraceId().toByteArray());
      assertThat(await(batch, Span.SpanKind.SPAN_KIND_CONSUMER).getLinksList())
          .hasSizeGreaterThanOrEqualTo(2);
    }
  }

  @Test
  void logsAndMetricsArrive() {
    Awaitility.await()
        .atMost(SOON)
        .until(() -> collector.logs().stream().anyMatch(line -> line.contains("topic telemetry")));
    Awaitility.await()
        .atMost(SOON)
        .untilAsserted(
            () -> {
              long before = pipeline.stored();
              Metric metric = collector.metric("datapipeline.records.stored").orElseThrow();
              long told = metric.getSum().getDataPoints(0).getAsInt();
              assertThat(told).isPositive().isLessThanOrEqualTo(pipeline.stored());
              assertThat(before - told).isLessThan(20);
            });
    assertThat(collector.metric("datapipeline.lag").orElseThrow().getGauge().getDataPointsCount())
        .isEqualTo(2);
    assertThat(collector.metric("datapipeline.ready").orElseThrow().getGauge().getDataPointsCount())
        .isEqualTo(4);
    assertThat(collector.logs())
        .anyMatch(line -> line.contains("OPERATOR_PASSWORD is not set"))
        .noneMatch(line -> line.contains(password));
  }

  /** Every counter, gauge and histogram of {@code /metrics}, by the table in the documentation. */
  @Test
  void everyMetricOfThePipelineArrives() throws Exception {
    assertThat(
            api.post(
                    "/api/events",
                    Map.of("Content-Type", "application/json"),
                    BodyPublishers.ofString("{}"))
                .statusCode())
        .isEqualTo(202);
    // without a backup, its age is unknown and not exported
    pipeline.database().execute("INSERT INTO backups VALUES ('b') ON CONFLICT DO NOTHING");
    Awaitility.await()
        .atMost(SOON)
        .ignoreExceptions()
        .until(() -> Metrics.of(pipeline.instance()).type("datapipeline_lag_records").isPresent());
    List<String> served =
        Metrics.of(pipeline.instance()).lines().stream()
            .filter(line -> line.startsWith("# TYPE datapipeline_") && !line.contains("_max "))
            .map(line -> line.split(" ")[2])
            .toList();
    Map<String, String> names = new HashMap<>();
    Pattern.compile("(?m)^\\| `(datapipeline\\.[a-z_.]+)` \\| `(datapipeline_[a-z_]+)` \\|$")
        .matcher(Files.readString(Path.of("docs/operations.md")))
        .results()
        .forEach(row -> names.put(row.group(2), row.group(1)));
    assertThat(names.keySet()).containsAll(served);
    for (String metric : served) {
      Awaitility.await(metric)
          .atMost(SOON)
          .until(() -> collector.metric(names.get(metric)).isPresent());
    }
    Metric latency = collector.metric("datapipeline.end_to_end_latency").orElseThrow();
    HistogramDataPoint point = latency.getHistogram().getDataPoints(0);
    assertThat(latency.getUnit()).isEqualTo("s");
    assertThat(point.getCount()).isPositive();
    assertThat(point.getSum()).isBetween(0.0, 600.0);
    assertThat(point.getExplicitBoundsList()).hasSize(15).contains(0.005, 1.0, 1800.0);
    Metric batches = collector.metric("datapipeline.batch.records").orElseThrow();
    assertThat(batches.getHistogram().getDataPoints(0).getSum())
        .isEqualTo(Math.rint(batches.getHistogram().getDataPoints(0).getSum()))
        .isGreaterThanOrEqualTo(batches.getHistogram().getDataPoints(0).getCount());
  }

  @Test
  @Tag("long")
  void aMissingCollectorDisturbsNothing() {
    try (Pipeline alone = traced("telemetry-alone", "http://localhost:" + Ports.free())) {
      alone.running();
      alone.send(1000);
      alone.assertEverythingStoredExactlyOnce();
      Pipeline.awaitReady(alone.instance());
      // the exporter reports each failed attempt with a stack trace
      assertThat(alone.instance().log())
          .filteredOn(line -> !line.startsWith("\tat ") && !line.startsWith("Caused by"))
          .hasSizeLessThan(300);
    }
  }

  @Test
  void nothingIsTracedByDefault() throws Exception {
    try (Pipeline plain =
        new Pipeline("telemetry-off", 1)
            .with("PRODUCER_ENABLED", "true")
            .with("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint())) {
      plain.running();
      plain.awaitProgress(3);
      // headers are stored with dead letters only
      plain.producer().send(new ProducerRecord<>(plain.name(), "no json".getBytes(UTF_8))).get();
      plain.assertEverythingStoredExactlyOnce();
      assertThat(collector.spans()).noneMatch(span -> span.getName().contains("telemetry-off"));
      Map<String, Object> settings =
          Map.of(
              "bootstrap.servers", plain.backends().kafka().bootstrapServers(),
              "group.id", "telemetry-off-reader",
              "auto.offset.reset", "earliest");
      try (org.apache.kafka.clients.consumer.KafkaConsumer<byte[], byte[]> consumer =
          new org.apache.kafka.clients.consumer.KafkaConsumer<>(
              settings,
              new org.apache.kafka.common.serialization.ByteArrayDeserializer(),
              new org.apache.kafka.common.serialization.ByteArrayDeserializer())) {
        consumer.subscribe(List.of(plain.name()));
        int[] seen = new int[1];
        Awaitility.await()
            .atMost(SOON)
            .until(
                () -> {
                  consumer
                      .poll(Duration.ofMillis(500))
                      .forEach(
                          record -> {
                            seen[0]++;
                            assertThat(record.headers().lastHeader("traceparent")).isNull();
                          });
                  return seen[0] >= 3;
                });
      }
    }
  }
}
