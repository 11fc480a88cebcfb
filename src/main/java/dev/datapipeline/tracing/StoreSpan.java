package dev.datapipeline.tracing;

import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.context.Scope;
import java.util.List;

/**
 * A batch on its way into the database: a span of the batch, and one in the trace of each record's
 * sender. Current for its thread, so that the log's lines carry it. To be closed by that thread.
 */
public final class StoreSpan implements AutoCloseable {
  static final StoreSpan OFF = new StoreSpan(Span.getInvalid(), List.of());

  private static final AttributeKey<String> REASON = AttributeKey.stringKey("reason");

  private final Span batch;
  private final List<Span> ofSenders;
  private final Scope scope;
  private boolean stored;

  StoreSpan(Span batch, List<Span> ofSenders) {
    this.batch = batch;
    this.ofSenders = ofSenders;
    scope = batch.getSpanContext().isValid() ? batch.makeCurrent() : Scope.noop();
  }

  /**
   * Notes that the batch was not stored and is tried again.
   *
   * @param reason one line
   */
  public void retried(String reason) {
    batch.addEvent("retry", Attributes.of(REASON, reason));
  }

  /** Notes that the batch is committed. */
  public void stored() {
    stored = true;
  }

  @Override
  public void close() {
    scope.close();
    if (!stored) {
      batch.setStatus(StatusCode.ERROR, "stopped before it was stored");
      ofSenders.forEach(span -> span.setStatus(StatusCode.ERROR, "stopped before it was stored"));
    }
    ofSenders.forEach(Span::end);
    batch.end();
  }
}
