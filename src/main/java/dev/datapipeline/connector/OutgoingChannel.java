package dev.datapipeline.connector;

import dev.datapipeline.broker.Broker;
import dev.datapipeline.broker.BrokerUnavailableException;
import dev.datapipeline.config.KafkaConfig;
import dev.datapipeline.failure.Backoff;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Typed;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.AuthenticationException;
import org.eclipse.microprofile.reactive.messaging.Channel;
import org.eclipse.microprofile.reactive.messaging.Emitter;
import org.eclipse.microprofile.reactive.messaging.Message;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;

/**
 * The channel to the broker. An idempotent producer asks the broker for an id when it starts. If a
 * certificate or a password is refused just then, the producer never sends again, even after the
 * cause was fixed. Then the channel is opened again, with a new producer. The connector closes the
 * former one only when the application stops. Thread-safe.
 */
@ApplicationScoped
@Typed(OutgoingChannel.class)
public class OutgoingChannel implements Emitter<ProducerRecord<String, byte[]>> {
  private static final Logger LOG = Logger.getLogger(OutgoingChannel.class.getName());
  private static final String CHANNEL = "events-out";
  private static final Duration PAUSE = Duration.ofSeconds(5);
  private static final Duration LONGEST_PAUSE = Duration.ofMinutes(10);

  @Inject
  @Channel(CHANNEL)
  private Emitter<ProducerRecord<String, byte[]>> container;

  @Inject private ChannelFactory factory;
  @Inject private Broker broker;
  @Inject private KafkaConfig config;

  /** The channel that was opened again; null while the container's own is used. */
  private volatile Stream reopened;

  private volatile boolean refused;

  /** Grows, so that producers don't pile up if one of several brokers refuses each of them. */
  private final Backoff backoff = new Backoff(PAUSE, LONGEST_PAUSE);

  private long reopenedAt = System.nanoTime();
  private long nextTryAt = reopenedAt;

  @Override
  public <M extends Message<? extends ProducerRecord<String, byte[]>>> void send(M message) {
    if (refused) {
      reopenIfAccepted();
    }
    Message<? extends ProducerRecord<String, byte[]>> watched =
        message.withNack(
            cause -> {
              if (isRefusal(cause)) {
                refused = true;
              }
              return message.nack(cause);
            });
    Stream stream = reopened;
    if (stream == null) {
      container.send(watched);
    } else {
      stream.send(watched);
    }
  }

  private static boolean isRefusal(Throwable failure) {
    return failure instanceof AuthenticationException
        || failure.getCause() instanceof AuthenticationException;
  }

  /** Opens the channel again if the broker accepts this application now. */
  private synchronized void reopenIfAccepted() {
    long now = System.nanoTime();
    if (!refused || now - nextTryAt < 0) {
      return;
    }
    nextTryAt = now + PAUSE.toNanos();
    try {
      broker.topicId(config.topic());
    } catch (BrokerUnavailableException e) {
      LOG.log(Level.FINE, "the channel to the broker stays as it is", e);
      return;
    }
    if (now - reopenedAt > LONGEST_PAUSE.toNanos()) {
      backoff.reset();
    }
    reopenedAt = now;
    nextTryAt = now + backoff.next().toNanos();
    LOG.warning("the channel to the broker had been refused and is opened again");
    Stream stream = new Stream();
    factory.connect(CHANNEL, stream);
    reopened = stream;
    refused = false;
  }

  @Override
  public CompletionStage<Void> send(ProducerRecord<String, byte[]> payload) {
    throw new UnsupportedOperationException("send a message, so that its result is known");
  }

  @Override
  public void complete() {
    throw new UnsupportedOperationException("the channel is open as long as the application");
  }

  @Override
  public void error(Exception e) {
    throw new UnsupportedOperationException("the channel is open as long as the application");
  }

  @Override
  public boolean isCancelled() {
    Stream stream = reopened;
    return stream == null ? container.isCancelled() : stream.cancelled;
  }

  @Override
  public boolean hasRequests() {
    Stream stream = reopened;
    return stream == null ? container.hasRequests() : !stream.cancelled;
  }

  /** What the connector reads from. It requests everything at once, so demand isn't counted. */
  static final class Stream implements Subscription {
    private Subscriber<? super Message<?>> subscriber;
    private volatile boolean cancelled;

    /** Must be called once, before the first message. */
    void subscribe(Subscriber<? super Message<?>> newSubscriber) {
      subscriber = newSubscriber;
      newSubscriber.onSubscribe(this);
    }

    /** A subscriber expects one message at a time. */
    private synchronized void send(Message<?> message) {
      if (cancelled) {
        throw new IllegalStateException("the channel " + CHANNEL + " has ended");
      }
      subscriber.onNext(message);
    }

    @Override
    public void request(long messages) {
      // unlimited: see above
    }

    @Override
    public void cancel() {
      cancelled = true;
    }
  }
}
