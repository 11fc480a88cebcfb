package dev.datapipeline.producer;

import dev.datapipeline.config.ProducerConfig;
import dev.datapipeline.failure.FailureText;
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
import org.eclipse.microprofile.reactive.messaging.Channel;
import org.eclipse.microprofile.reactive.messaging.Emitter;
import org.eclipse.microprofile.reactive.messaging.Message;

/**
 * Emits events to the channel as Kafka records and keeps account of each until the broker has
 * acknowledged it. Thread-safe.
 */
@ApplicationScoped
public class EventPublisher {
  private static final Logger LOG = Logger.getLogger(EventPublisher.class.getName());
  private static final Duration REPORT_INTERVAL = Duration.ofSeconds(10);

  private static final long POLL_NANOS = Duration.ofMillis(10).toNanos();

  @Inject
  @Channel("events-out")
  private Emitter<ProducerRecord<String, byte[]>> channel;

  @Inject private ProducerConfig config;
  @Inject private PipelineMetrics metrics;
  @Inject private Tracing tracing;

  private final AtomicLong inFlight = new AtomicLong();
  private final AtomicLong unreported = new AtomicLong();
  private volatile Instant reportedAt = Instant.EPOCH;
  private volatile Instant acknowledgedAt;
  private volatile boolean failing;
  private volatile String lastError;

  /**
   * Sends events. Gives up at the first that the channel does not take: waiting for each of them in
   * turn would pile up ticks. What is not sent is counted and reported.
   *
   * @param topic where they go
   * @param events in the order in which they are to be sent
   * @param account is told what becomes of each
   * @return how many the channel has taken
   */
  int publish(String topic, List<Event> events, SentEvents account) {
    if (inFlight.get() + events.size() > config.maxInFlight()) {
      notSent(
          account,
          events.size(),
          "%d events still wait for the broker's acknowledgement".formatted(inFlight.get()));
      return 0;
    }
    SendSpan span = tracing.sending(topic);
    for (int i = 0; i < events.size(); i++) {
      if (!publish(topic, events.get(i), span, account)) {
        // the event that failed has counted itself
        if (i + 1 < events.size()) {
          notSent(account, events.size() - i - 1, lastError);
        }
        span.end(i, lastError);
        return i;
      }
    }
    span.end(events.size(), null);
    return events.size();
  }

  /**
   * Sends one record on somebody else's behalf, who bounds how many of them are in flight.
   *
   * @param record what to send
   * @return is completed when the broker has acknowledged it, and fails with the reason if it has
   *     not
   */
  public CompletionStage<Void> publish(ProducerRecord<String, byte[]> record) {
    Delivery delivery = new Delivery(new SentEvents());
    send(record, delivery);
    return delivery.outcome;
  }

  /** Returns false if the event is already known not to be sent. */
  private boolean publish(String topic, Event event, SendSpan span, SentEvents account) {
    Delivery delivery = new Delivery(account);
    ProducerRecord<String, byte[]> record =
        new ProducerRecord<>(
            topic, null, event.timestamp().toEpochMilli(), event.key(), event.json());
    span.addTo(record.headers());
    send(record, delivery);
    return !delivery.failed;
  }

  private void send(ProducerRecord<String, byte[]> record, Delivery delivery) {
    inFlight.incrementAndGet();
    try {
      channel.send(Message.of(record, delivery::succeed, delivery::fail));
    } catch (RuntimeException e) {
      delivery.fail(e);
    }
  }

  /** What becomes of one event; told once. */
  private final class Delivery {
    private final SentEvents account;
    private final CompletableFuture<Void> outcome = new CompletableFuture<>();
    private volatile boolean failed;
    private boolean done;

    Delivery(SentEvents account) {
      this.account = account;
    }

    CompletionStage<Void> succeed() {
      if (first()) {
        acknowledgedAt = Instant.now();
        metrics.eventSent();
        account.sent(1);
        if (failing) {
          failing = false;
          LOG.info("events are sent again");
        }
        outcome.complete(null);
      }
      return CompletableFuture.completedFuture(null);
    }

    CompletionStage<Void> fail(Throwable cause) {
      if (first()) {
        failed = true;
        notSent(account, 1, FailureText.reason(cause));
        outcome.completeExceptionally(cause);
      }
      return CompletableFuture.completedFuture(null);
    }

    private synchronized boolean first() {
      if (done) {
        return false;
      }
      done = true;
      inFlight.decrementAndGet();
      return true;
    }
  }

  private void notSent(SentEvents account, long events, String reason) {
    account.notSent(events, reason);
    metrics.eventsNotSent(events);
    failing = true;
    lastError = reason;
    unreported.addAndGet(events);
    Instant now = Instant.now();
    if (now.isAfter(reportedAt.plus(REPORT_INTERVAL))) {
      reportedAt = now;
      LOG.warning("%d events not sent: %s".formatted(unreported.getAndSet(0), reason));
    }
  }

  /**
   * Waits for the acknowledgement of what was sent.
   *
   * @param timeout how long at the most
   * @return how many events are still not acknowledged
   */
  public long awaitAcknowledgements(Duration timeout) {
    long deadline = System.nanoTime() + timeout.toNanos();
    while (inFlight.get() > 0 && System.nanoTime() < deadline) {
      LockSupport.parkNanos(POLL_NANOS);
    }
    return inFlight.get();
  }

  /**
   * Returns whether the last event that was decided could not be sent.
   *
   * @return false again with the next acknowledgement
   */
  public boolean isFailing() {
    return failing;
  }

  /**
   * Returns whether the channel to the broker has ended, so that nothing can be sent any more.
   *
   * @return true for ever once it is true
   */
  public boolean isChannelDead() {
    return channel.isCancelled();
  }

  /**
   * Returns why an event was not sent last.
   *
   * @return one line; empty if all were
   */
  public Optional<String> lastError() {
    return Optional.ofNullable(lastError);
  }

  /**
   * Returns when the broker acknowledged an event last.
   *
   * @return empty if it has not yet
   */
  public Optional<Instant> acknowledgedAt() {
    return Optional.ofNullable(acknowledgedAt);
  }

  /**
   * Returns how many events wait for the broker's acknowledgement.
   *
   * @return 0 or more
   */
  public long inFlight() {
    return inFlight.get();
  }
}
