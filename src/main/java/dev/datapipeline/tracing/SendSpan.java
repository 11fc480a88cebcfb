package dev.datapipeline.tracing;

import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.StatusCode;
import java.util.List;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;

/**
 * What is sent together, a tick's events or a request's, as one span: a span for each event would
 * cost more than the event. For one thread.
 */
public final class SendSpan {
  static final SendSpan OFF = new SendSpan(Span.getInvalid(), List.of());

  private final Span span;
  private final List<Header> context;

  SendSpan(Span span, List<Header> context) {
    this.span = span;
    this.context = context;
  }

  /**
   * Lets a record carry this span to whoever stores it.
   *
   * @param headers of the record
   */
  public void addTo(Headers headers) {
    context.forEach(headers::add);
  }

  /**
   * Ends the span.
   *
   * @param events how many were sent
   * @param failure why others were not; null if all were
   */
  public void end(long events, String failure) {
    span.setAttribute(Tracing.MESSAGE_COUNT, events);
    if (failure != null) {
      span.setStatus(StatusCode.ERROR, failure);
    }
    span.end();
  }
}
