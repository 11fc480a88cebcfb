package dev.datapipeline.api.intake;

import dev.datapipeline.failure.FailureText;
import dev.datapipeline.producer.EventPublisher;
import dev.datapipeline.tracing.SendSpan;
import dev.datapipeline.tracing.Tracing;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * The events of one request on their way to the broker. As many are on the way at once as a window
 * allows, so that a request of any length needs little memory. For one thread.
 */
final class Posting implements AutoCloseable {
  private static final int WINDOW_EVENTS = 2000;
  private static final long WINDOW_BYTES = 8 << 20;

  private final EventPublisher publisher;
  private final Tracing tracing;
  private final Duration timeout;
  private final Deque<Sent> window = new ArrayDeque<>();
  private long windowBytes;
  private long accepted;
  private SendSpan span;
  private String failure;

  private record Sent(int line, int bytes, CompletableFuture<Void> acknowledgement) {}

  /** The broker did not acknowledge an event. */
  static final class NotAcknowledgedException extends Exception {
    private static final long serialVersionUID = 1L;

    private final int line;

    NotAcknowledgedException(int line, Throwable cause) {
      super(cause);
      this.line = line;
    }

    int line() {
      return line;
    }
  }

  /**
   * Begins a request.
   *
   * @param timeout how long the acknowledgement of one event is waited for
   */
  Posting(EventPublisher publisher, Tracing tracing, Duration timeout) {
    this.publisher = publisher;
    this.tracing = tracing;
    this.timeout = timeout;
  }

  /** Sends an event; waits for earlier ones while too many are on the way. */
  void send(int line, ProducerRecord<String, byte[]> record)
      throws NotAcknowledgedException, InterruptedException {
    int bytes = record.value().length;
    while (window.size() >= WINDOW_EVENTS
        || (!window.isEmpty() && windowBytes + bytes > WINDOW_BYTES)) {
      awaitFirst();
    }
    if (span == null) {
      span = tracing.sending(record.topic());
    }
    span.addTo(record.headers());
    CompletableFuture<Void> acknowledgement = publisher.publish(record).toCompletableFuture();
    window.addLast(new Sent(line, bytes, acknowledgement));
    windowBytes += bytes;
    if (acknowledgement.isCompletedExceptionally()) {
      awaitAll();
    }
  }

  /** Waits until the broker has acknowledged all that was sent. */
  void awaitAll() throws NotAcknowledgedException, InterruptedException {
    while (!window.isEmpty()) {
      awaitFirst();
    }
  }

  private void awaitFirst() throws NotAcknowledgedException, InterruptedException {
    Sent first = window.removeFirst();
    windowBytes -= first.bytes();
    try {
      first.acknowledgement().get(timeout.toMillis(), TimeUnit.MILLISECONDS);
      accepted++;
    } catch (ExecutionException e) {
      countTheRest();
      failure = FailureText.reason(e.getCause());
      throw new NotAcknowledgedException(first.line(), e.getCause());
    } catch (TimeoutException e) {
      countTheRest();
      failure = "no acknowledgement in time";
      throw new NotAcknowledgedException(
          first.line(),
          new TimeoutException("no acknowledgement within %d ms".formatted(timeout.toMillis())));
    }
  }

  /** Events go to several partitions: later ones may be acknowledged where one is not. */
  private void countTheRest() {
    for (Sent sent : window) {
      if (sent.acknowledgement().isDone() && !sent.acknowledgement().isCompletedExceptionally()) {
        accepted++;
      }
    }
    window.clear();
  }

  /** Ends what is told of the request in its trace. */
  @Override
  public void close() {
    if (span != null) {
      span.end(accepted, failure);
    }
  }

  /** Returns how many events the broker has acknowledged. */
  long accepted() {
    return accepted;
  }
}
