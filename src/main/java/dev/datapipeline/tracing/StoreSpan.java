package dev.datapipeline.tracing;

import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.context.Scope;
import java.util.List;

/**
 * The spans of a batch that is being stored: one for the batch, and one in the trace of each
 * sender. The batch's span is current for the thread, so that log lines carry it. Must be closed by
 * the thread that opened it.
 */
public final class StoreSpan implements AutoCloseable {
  /** Records nothing. */
  static final StoreSpan OFF = new StoreSpan(Span.getInvalid(), List.of());

  private static final AttributeKey<String> REASON = AttributeKey.stringKey("reason");

  private final Span batch;
  private final List<Span> senders;
  private final Scope scope;
  private boolean stored;

  StoreSpan(Span batch, List<Span> senders) {
    this.batch = batch;
    this.senders = senders;
    scope = batch.getSpanContext().isValid() ? batch.makeCurrent() : Scope.noop();
  }

  /**
   * Records that an attempt to store the batch failed and will be repeated.
   *
   * @param reason the reason, in one line
   */
  public void retried(String reason) {
    batch.addEvent("retry", Attributes.of(REASON, reason));
  }

  /** Records that the batch was committed. */
  public void stored() {
    stored = true;
  }

  @Override
  public void close() {
    scope.close();
    if (!stored) {
      batch.setStatus(StatusCode.ERROR, "stopped before it was stored");
      senders.forEach(span -> span.setStatus(StatusCode.ERROR, "stopped before it was stored"));
    }
    senders.forEach(Span::end);
    batch.end();
  }
}
