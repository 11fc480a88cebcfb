package dev.datapipeline.tracing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.datapipeline.record.RecordRange;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Scope;
import io.opentelemetry.context.propagation.ContextPropagators;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.junit.jupiter.api.Test;

class TracingTest {
  private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
  private static final SpanContext PARENT =
      SpanContext.create(
          TRACE, "b7ad6b7169203331", TraceFlags.getSampled(), TraceState.getDefault());

  /** Spans are not recorded, but contexts are passed on. */
  private final OpenTelemetry telemetry =
      OpenTelemetry.propagating(ContextPropagators.create(W3CTraceContextPropagator.getInstance()));

  private static Headers sendWithin(Tracing tracing) {
    Headers headers = new RecordHeaders();
    try (Scope scope = Span.wrap(PARENT).makeCurrent()) {
      assertThat(scope).isNotNull();
      SendSpan span = tracing.sending("topic");
      span.addTo(headers);
      span.end(1, null);
    }
    return headers;
  }

  private static RecordRange range(Headers headers) {
    ConsumerRecord<byte[], byte[]> record = new ConsumerRecord<>("topic", 0, 0, null, new byte[1]);
    headers.forEach(record.headers()::add);
    return new RecordRange("topic", UUID.randomUUID(), 0, 0, 1, List.of(record));
  }

  @Test
  void aRecordCarriesTheTraceOfItsSender() {
    Header header = sendWithin(new Tracing(telemetry, false)).lastHeader("traceparent");

    assertThat(new String(header.value(), StandardCharsets.UTF_8)).contains(TRACE);
  }

  @Test
  void storingContinuesTheTraceOfASingleSender() {
    Tracing tracing = new Tracing(telemetry, false);
    RecordRange range = range(sendWithin(tracing));

    try (StoreSpan span = tracing.storing(List.of(range))) {
      assertThat(Span.current().getSpanContext().getTraceId()).isEqualTo(TRACE);
      span.stored();
    }
    assertThat(Span.current().getSpanContext().isValid()).isFalse();
  }

  @Test
  void nothingIsTracedWhileTracingIsDisabled() {
    Tracing tracing = new Tracing(telemetry, true);

    assertThat(sendWithin(tracing).toArray()).isEmpty();
    assertThat(tracing.storing(List.of(range(new RecordHeaders())))).isSameAs(StoreSpan.OFF);
  }
}
