package dev.datapipeline.producer;

import dev.datapipeline.config.ProducerConfig;
import dev.datapipeline.connector.OutgoingChannel;
import dev.datapipeline.failure.FailureText;
import dev.datapipeline.failure.LogThrottle;
import dev.datapipeline.failure.SteadyClock;
import dev.datapipeline.metrics.PipelineMetrics;
import dev.datapipeline.source.Event;
import dev.datapipeline.tracing.SendSpan;
import dev.datapipeline.tracing.Tracing;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.logging.Logger;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.eclipse.microprofile.reactive.messaging.Emitter;
import org.eclipse.microprofile.reactive.messaging.Message;

/**
 * Sends events to the channel {@code events-out} as Kafka records, and tracks each one until the
 * broker has acknowledged it. Thread-safe.
 */
@ApplicationScoped
public class EventPublisher {
  private static final Logger LOG = Logger.getLogger(EventPublisher.class.getName());
  private static final Duration REPORT_INTERVAL = Duration.ofSeconds(10);

  private static final long POLL_NANOS = Duration.ofMillis(10).toNanos();

  private final Emitter<ProducerRecord<String, byte[]>> channel;
  private final ProducerConfig config;
  private final PipelineMetrics metrics;
  private final Tracing tracing;
  private final LogThrottle throttle;

  private final AtomicLong inFlight = new AtomicLong();
  private volatile Instant acknowledgedAt;
  private volatile boolean failing;
  private volatile String lastError;

  /** Required by CDI for client proxies; do not call. */
  protected EventPublisher() {
    this(null, null, null, null, null);
  }

  /**
   * Creates a publisher; sends nothing yet.
   *
   * @param channel the channel to the broker
   * @param config bounds the events in flight
   * @param metrics counts sent and failed events
   * @param tracing creates a span for events that are sent together
   */
  @Inject
  public EventPublisher(
      OutgoingChannel channel, ProducerConfig config, PipelineMetrics metrics, Tracing tracing) {
    this(channel, config, metrics, tracing, new LogThrottle(REPORT_INTERVAL));
  }

  EventPublisher(
      Emitter<ProducerRecord<String, byte[]>> channel,
      ProducerConfig config,
      PipelineMetrics metrics,
      Tracing tracing,
      LogThrottle throttle) {
    this.channel = channel;
    this.config = config;
    this.metrics = metrics;
    this.tracing = tracing;
    this.throttle = throttle;
  }

  /**
   * Sends events. Stops at the first one that the channel refuses: each refusal may take as long as
   * {@code max.block.ms}, and waiting for every event would delay the following ticks. Events that
   * are not sent are counted and reported.
   *
   * @param topic the topic to send to
   * @param events the events, in the order in which they are sent
   * @param results receives the result of each event
   * @return the number of events that the channel accepted
   */
  int publish(String topic, List<Event> events, SendResults results) {
    if (inFlight.get() + events.size() > config.maxInFlight()) {
      notSent(
          results,
          events.size(),
          "%d events are still waiting for the broker's acknowledgement".formatted(inFlight.get()));
      return 0;
    }
    SendSpan span = tracing.sending(topic);
    for (int i = 0; i < events.size(); i++) {
      if (!publish(topic, events.get(i), span, results)) {
        // the event that failed is already counted
        if (i + 1 < events.size()) {
          notSent(results, events.size() - i - 1, lastError);
        }
        span.end(i, lastError);
        return i;
      }
    }
    span.end(events.size(), null);
    return events.size();
  }

  /**
   * Sends one record. The limit on events in flight does not apply; the caller has its own.
   *
   * @param record the record to send
   * @return completes when the broker has acknowledged the record; completes exceptionally if the
   *     record could not be sent
   */
  public CompletionStage<Void> publish(ProducerRecord<String, byte[]> record) {
    PendingSend pending = new PendingSend(new SendResults());
    send(record, pending);
    return pending.acknowledgement;
  }

  /** Returns false if the event is already known to have failed. */
  private boolean publish(String topic, Event event, SendSpan span, SendResults results) {
    PendingSend pending = new PendingSend(results);
    ProducerRecord<String, byte[]> record =
        new ProducerRecord<>(
            topic, null, event.timestamp().toEpochMilli(), event.key(), event.json());
    span.addTo(record.headers());
    send(record, pending);
    return !pending.failed;
  }

  private void send(ProducerRecord<String, byte[]> record, PendingSend pending) {
    inFlight.incrementAndGet();
    try {
      channel.send(Message.of(record, pending::succeed, pending::fail));
    } catch (RuntimeException | Error e) {
      pending.fail(e);
    }
  }

  /** An event that the broker has not acknowledged yet. Only its first result counts. */
  private final class PendingSend {
    private final SendResults results;
    private final CompletableFuture<Void> acknowledgement = new CompletableFuture<>();
    private volatile boolean failed;
    private boolean done;

    PendingSend(SendResults results) {
      this.results = results;
    }

    CompletionStage<Void> succeed() {
      if (finish()) {
        acknowledgedAt = SteadyClock.now();
        metrics.eventSent();
        results.sent(1);
        if (failing) {
          failing = false;
          LOG.info("events are being sent again");
        }
        acknowledgement.complete(null);
      }
      return CompletableFuture.completedFuture(null);
    }

    CompletionStage<Void> fail(Throwable cause) {
      if (finish()) {
        failed = true;
        notSent(results, 1, FailureText.reason(cause));
        acknowledgement.completeExceptionally(cause);
      }
      return CompletableFuture.completedFuture(null);
    }

    /** Returns whether this is the first result. */
    private synchronized boolean finish() {
      if (done) {
        return false;
      }
      done = true;
      inFlight.decrementAndGet();
      return true;
    }
  }

  private void notSent(SendResults results, long events, String reason) {
    results.notSent(events, reason);
    metrics.eventsNotSent(events);
    failing = true;
    lastError = reason;
    throttle
        .count(events)
        .ifPresent(total -> LOG.warning("%d events not sent: %s".formatted(total, reason)));
  }

  /**
   * Waits until all events are acknowledged or have failed.
   *
   * @param timeout maximum time to wait
   * @return the number of events that are still waiting for their acknowledgement
   */
  public long awaitAcknowledgements(Duration timeout) {
    long deadline = System.nanoTime() + timeout.toNanos();
    while (inFlight.get() > 0 && System.nanoTime() < deadline) {
      LockSupport.parkNanos(POLL_NANOS);
    }
    return inFlight.get();
  }

  /**
   * Returns whether the most recent result was a failure.
   *
   * @return false again after the next acknowledgement
   */
  public boolean isFailing() {
    return failing;
  }

  /**
   * Returns whether the channel to the broker has ended. It can't be opened again.
   *
   * @return true if nothing can be sent any more
   */
  public boolean isChannelDead() {
    return channel.isCancelled();
  }

  /**
   * Returns why the most recent failed event could not be sent.
   *
   * @return one line; empty if no event has failed
   */
  public Optional<String> lastError() {
    return Optional.ofNullable(lastError);
  }

  /**
   * Returns when the broker last acknowledged an event.
   *
   * @return by {@link SteadyClock}; empty before the first acknowledgement
   */
  public Optional<Instant> acknowledgedAt() {
    return Optional.ofNullable(acknowledgedAt);
  }

  /**
   * Returns the number of events that are waiting for the broker's acknowledgement.
   *
   * @return 0 or more
   */
  public long inFlight() {
    return inFlight.get();
  }
}
