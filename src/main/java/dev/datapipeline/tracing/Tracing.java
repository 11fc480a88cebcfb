package dev.datapipeline.tracing;

import dev.datapipeline.record.RecordRange;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.TextMapGetter;
import io.opentelemetry.context.propagation.TextMapPropagator;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/**
 * Begins spans for records that are sent and stored. The record's headers carry the trace context.
 * Off unless {@code OTEL_SDK_DISABLED} is {@code false}, and then costs nothing. The names follow
 * OpenTelemetry's semantic conventions for messaging. Thread-safe.
 */
@ApplicationScoped
public class Tracing {
  static final AttributeKey<Long> MESSAGE_COUNT =
      AttributeKey.longKey("messaging.batch.message_count");

  private static final AttributeKey<String> SYSTEM = AttributeKey.stringKey("messaging.system");
  private static final AttributeKey<String> OPERATION =
      AttributeKey.stringKey("messaging.operation.name");
  private static final AttributeKey<String> OPERATION_TYPE =
      AttributeKey.stringKey("messaging.operation.type");
  private static final AttributeKey<String> DESTINATION =
      AttributeKey.stringKey("messaging.destination.name");
  private static final AttributeKey<String> PARTITION =
      AttributeKey.stringKey("messaging.destination.partition.id");
  private static final AttributeKey<Long> OFFSET = AttributeKey.longKey("messaging.kafka.offset");
  private static final AttributeKey<List<String>> RANGES =
      AttributeKey.stringArrayKey("datapipeline.ranges");

  private static final String TRACE_PARENT = "traceparent";

  /** At most this many senders of a batch get a span in their traces; there may be thousands. */
  private static final int MAX_SENDERS = 100;

  private static final TextMapGetter<Headers> GETTER =
      new TextMapGetter<>() {
        @Override
        public Iterable<String> keys(Headers headers) {
          List<String> keys = new ArrayList<>();
          headers.forEach(header -> keys.add(header.key()));
          return keys;
        }

        @Override
        public String get(Headers headers, String key) {
          Header header = headers.lastHeader(key);
          return header == null || header.value() == null
              ? null
              : new String(header.value(), StandardCharsets.UTF_8);
        }
      };

  private final OpenTelemetry telemetry;
  private final boolean disabled;

  /** Required by CDI for client proxies; do not call. */
  protected Tracing() {
    this(null, true);
  }

  /**
   * Creates the tracing of this application.
   *
   * @param telemetry the server's OpenTelemetry
   * @param disabled whether to record nothing
   */
  @Inject
  public Tracing(
      OpenTelemetry telemetry,
      @ConfigProperty(name = "otel.sdk.disabled", defaultValue = "true") boolean disabled) {
    this.telemetry = telemetry;
    this.disabled = disabled;
  }

  private Tracer tracer() {
    return telemetry.getTracer("dev.datapipeline");
  }

  private TextMapPropagator propagator() {
    return telemetry.getPropagators().getTextMapPropagator();
  }

  /**
   * Begins the span of events that are sent together, as a child of the thread's current span.
   *
   * @param topic the topic to which the events are sent
   * @return the span, which the caller must end
   */
  public SendSpan sending(String topic) {
    if (disabled) {
      return SendSpan.OFF;
    }
    Span span = span("send", "send", topic, SpanKind.PRODUCER).startSpan();
    List<Header> headers = new ArrayList<>();
    propagator()
        .inject(
            Context.current().with(span),
            headers,
            (all, name, value) ->
                all.add(new RecordHeader(name, value.getBytes(StandardCharsets.UTF_8))));
    return new SendSpan(span, headers);
  }

  /**
   * Begins the span of a batch that is being stored.
   *
   * @param ranges the batch's records
   * @return the span, which this thread must close
   */
  public StoreSpan storing(List<RecordRange> ranges) {
    if (disabled || ranges.stream().allMatch(range -> range.records().isEmpty())) {
      return StoreSpan.OFF;
    }
    Map<SpanContext, ConsumerRecord<byte[], byte[]>> senders = senders(ranges);
    String topic = ranges.get(0).topic();
    SpanBuilder builder =
        span("store", "process", topic, SpanKind.CONSUMER)
            .setAttribute(
                MESSAGE_COUNT, ranges.stream().mapToLong(range -> range.records().size()).sum())
            .setAttribute(
                RANGES,
                ranges.stream()
                    .map(
                        range ->
                            "%s-%d %d..%d"
                                .formatted(
                                    range.topic(), range.partition(), range.from(), range.to() - 1))
                    .toList());
    if (senders.size() == 1) {
      return new StoreSpan(
          builder.setParent(context(senders.keySet().iterator().next())).startSpan(), List.of());
    }
    senders.keySet().forEach(builder::addLink);
    Span batch = builder.setNoParent().startSpan();
    List<Span> spans = new ArrayList<>();
    senders.forEach(
        (sender, first) ->
            spans.add(
                span("store", "process", first.topic(), SpanKind.CONSUMER)
                    .setParent(context(sender))
                    .addLink(batch.getSpanContext())
                    .setAttribute(PARTITION, Integer.toString(first.partition()))
                    .setAttribute(OFFSET, first.offset())
                    .startSpan()));
    return new StoreSpan(batch, spans);
  }

  private static Context context(SpanContext parent) {
    return Context.root().with(Span.wrap(parent));
  }

  private SpanBuilder span(String name, String type, String topic, SpanKind kind) {
    return tracer()
        .spanBuilder(name + " " + topic)
        .setSpanKind(kind)
        .setAttribute(SYSTEM, "kafka")
        .setAttribute(OPERATION, name)
        .setAttribute(OPERATION_TYPE, type)
        .setAttribute(DESTINATION, topic);
  }

  /** Returns the spans that sent the records, if they are traced, each with its first record. */
  private Map<SpanContext, ConsumerRecord<byte[], byte[]>> senders(List<RecordRange> ranges) {
    Map<SpanContext, ConsumerRecord<byte[], byte[]>> senders = new LinkedHashMap<>();
    byte[] previous = null;
    for (RecordRange range : ranges) {
      for (ConsumerRecord<byte[], byte[]> record : range.records()) {
        Header parent = record.headers().lastHeader(TRACE_PARENT);
        // records that were sent together mostly arrive together, so repeats are skipped cheaply
        if (parent == null || !Arrays.equals(parent.value(), previous)) {
          SpanContext sender =
              Span.fromContext(propagator().extract(Context.root(), record.headers(), GETTER))
                  .getSpanContext();
          if (sender.isValid() && sender.isSampled() && senders.size() < MAX_SENDERS) {
            senders.putIfAbsent(sender, record);
          }
        }
        previous = parent == null ? null : parent.value();
      }
    }
    return senders;
  }
}
