package dev.datapipeline.tracing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.datapipeline.record.RecordRange;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.propagation.ContextPropagators;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.UUID;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** What holds for every header that a record may have. Anyone may write one. */
class TracingPropertyTest {
  private final Tracing tracing =
      new Tracing(
          OpenTelemetry.propagating(
              ContextPropagators.create(W3CTraceContextPropagator.getInstance())),
          false);

  private String traceOf(byte[]... traceParents) {
    ConsumerRecord<byte[], byte[]> record = new ConsumerRecord<>("topic", 0, 0, null, new byte[1]);
    for (byte[] traceParent : traceParents) {
      record.headers().add("traceparent", traceParent);
    }
    RecordRange range = new RecordRange("topic", UUID.randomUUID(), 0, 0, 1, List.of(record));
    try (StoreSpan span = tracing.storing(List.of(range))) {
      span.stored();
      return Span.current().getSpanContext().getTraceId();
    }
  }

  @Property
  void aSampledTraceIsContinued(@ForAll("ids") String trace, @ForAll("ids") String span) {
    String traceParent = "00-%s-%s-01".formatted(trace, span.substring(16));

    assertThat(traceOf(traceParent.getBytes(StandardCharsets.UTF_8))).isEqualTo(trace);
  }

  @Provide
  Arbitrary<String> ids() {
    return Arbitraries.strings()
        .withChars("0123456789abcdef")
        .ofLength(31)
        .map(digits -> digits + "1");
  }

  @Property
  void anyHeaderIsReadOrIgnored(@ForAll byte[] bytes, @ForAll("almost") String text) {
    traceOf(bytes, text.getBytes(StandardCharsets.UTF_8));
    traceOf(text.getBytes(StandardCharsets.UTF_8), bytes);
    traceOf(bytes, null);
  }

  @Provide
  Arbitrary<String> almost() {
    return Arbitraries.strings().withChars("0123456789abcdefgA-").ofMaxLength(60);
  }
}
