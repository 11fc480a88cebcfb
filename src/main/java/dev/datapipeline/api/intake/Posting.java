package dev.datapipeline.api.intake;

import dev.datapipeline.failure.FailureText;
import dev.datapipeline.tracing.SendSpan;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * Sends the events of one request to the broker and counts the acknowledgements. Limits the number
 * and the size of events that are in flight, so that a request of any length needs little memory.
 * Not thread-safe.
 */
final class Posting implements AutoCloseable {
  private static final int WINDOW_EVENTS = 2000;
  private static final long WINDOW_BYTES = 8 << 20;

  private final Function<ProducerRecord<String, byte[]>, CompletionStage<Void>> publisher;
  private final Function<String, SendSpan> tracing;
  private final Duration timeout;
  private final Deque<Sent> window = new ArrayDeque<>();
  private long windowBytes;
  private long accepted;
  private SendSpan span;
  private String failure;

  private record Sent(int line, int bytes, CompletableFuture<Void> acknowledgement) {}

  /** Thrown if the broker did not acknowledge an event. */
  static final class NotAcknowledgedException extends Exception {
    private static final long serialVersionUID = 1L;

    private final int line;

    NotAcknowledgedException(int line, Throwable cause) {
      super(cause);
      this.line = line;
    }

    /** Returns the line on which the event begins. */
    int line() {
      return line;
    }
  }

  /**
   * Creates a posting.
   *
   * @param publisher sends a record; completes when the broker has acknowledged it
   * @param tracing begins the request's span for a topic
   * @param timeout the longest time to wait for the acknowledgement of one event
   */
  Posting(
      Function<ProducerRecord<String, byte[]>, CompletionStage<Void>> publisher,
      Function<String, SendSpan> tracing,
      Duration timeout) {
    this.publisher = publisher;
    this.tracing = tracing;
    this.timeout = timeout;
  }

  /** Sends an event. Waits for earlier ones while too many are in flight. */
  void send(int line, ProducerRecord<String, byte[]> record)
      throws NotAcknowledgedException, InterruptedException {
    int bytes = record.value().length;
    while (window.size() >= WINDOW_EVENTS
        || (!window.isEmpty() && windowBytes + bytes > WINDOW_BYTES)) {
      awaitFirst();
    }
    if (span == null) {
      span = tracing.apply(record.topic());
    }
    span.addTo(record.headers());
    CompletableFuture<Void> acknowledgement = publisher.apply(record).toCompletableFuture();
    window.addLast(new Sent(line, bytes, acknowledgement));
    windowBytes += bytes;
    if (acknowledgement.isCompletedExceptionally()) {
      awaitAll();
    }
  }

  /** Waits until the broker has acknowledged all events that were sent. */
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

  /**
   * Counts later events that were acknowledged. Events go to several partitions, so one of them may
   * fail while later ones succeed.
   */
  private void countTheRest() {
    for (Sent sent : window) {
      if (sent.acknowledgement().isDone() && !sent.acknowledgement().isCompletedExceptionally()) {
        accepted++;
      }
    }
    window.clear();
  }

  /** Ends the request's span. */
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
