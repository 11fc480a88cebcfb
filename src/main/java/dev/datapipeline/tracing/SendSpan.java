package dev.datapipeline.tracing;

import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.StatusCode;
import java.util.List;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;

/**
 * The span of events that are sent together, in one tick or one request. They share a span because
 * a span for each event would cost more than the event itself. Not thread-safe.
 */
public final class SendSpan {
  /** Records nothing and adds no headers. */
  public static final SendSpan OFF = new SendSpan(Span.getInvalid(), List.of());

  private final Span span;
  private final List<Header> context;

  SendSpan(Span span, List<Header> context) {
    this.span = span;
    this.context = context;
  }

  /**
   * Adds the trace context to a record, so that the consumer can continue the trace.
   *
   * @param headers the record's headers
   */
  public void addTo(Headers headers) {
    context.forEach(headers::add);
  }

  /**
   * Ends the span.
   *
   * @param events the number of events that were sent
   * @param failure why the others were not sent; null if all were
   */
  public void end(long events, String failure) {
    span.setAttribute(Tracing.MESSAGE_COUNT, events);
    if (failure != null) {
      span.setStatus(StatusCode.ERROR, failure);
    }
    span.end();
  }
}
