package dev.datapipeline.consumer;

import dev.datapipeline.connector.ChannelFactory;
import dev.datapipeline.connector.ChannelPositions;
import dev.datapipeline.connector.PartitionBatch;
import dev.datapipeline.failure.Backoff;
import dev.datapipeline.failure.FailureText;
import dev.datapipeline.metrics.PipelineMetrics;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.eclipse.microprofile.reactive.messaging.Message;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;

/**
 * Receives one topic's channel. Requests batches one by one while the queue has free space, and
 * reopens the channel, with growing pauses, when it has ended. A channel ends for good at the first
 * polling error, and only its subscriber learns of it.
 */
final class TopicSubscriber implements Runnable {
  private static final Logger LOG = Logger.getLogger(TopicSubscriber.class.getName());

  /** After this time a channel is considered stable, and the next pause is short again. */
  private static final Duration STABLE = Duration.ofSeconds(30);

  /** A channel without traffic is considered live once it has worked for this long. */
  private static final Duration QUIET = Duration.ofSeconds(5);

  private final ChannelFactory factory;
  private final String topic;
  private final List<Lane> lanes;
  private final QueueSpace space;
  private final ConsumerState state;
  private final PipelineMetrics metrics;
  private final Backoff backoff = new Backoff(Duration.ofSeconds(1), Duration.ofSeconds(30));
  private volatile Link link = new Link();

  TopicSubscriber(
      ChannelFactory factory,
      String topic,
      List<Lane> lanes,
      QueueSpace space,
      ConsumerState state,
      PipelineMetrics metrics) {
    this.factory = factory;
    this.topic = topic;
    this.lanes = List.copyOf(lanes);
    this.space = space;
    this.state = state;
    this.metrics = metrics;
  }

  Subscriber<Message<byte[]>> subscriber() {
    return link;
  }

  @Override
  public void run() {
    try {
      while (!Thread.currentThread().isInterrupted()) {
        long since = System.nanoTime();
        String reason = link.drain();
        if (System.nanoTime() - since > STABLE.toNanos()) {
          backoff.reset();
        }
        state.channelDied(topic, reason);
        // a server that stops closes the channel first, and interrupts this thread soon after
        Thread.sleep(backoff.next().toMillis());
        LOG.log(
            Level.SEVERE,
            "the channel from the broker had ended and is opened again: topic {0}: {1}",
            new Object[] {topic, reason});
        subscribe();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      link.cancel();
    }
  }

  /** Opens the channel. The container does this for the first topic at the start. */
  void subscribe() {
    Link next = new Link();
    try {
      factory.subscribe(EventConsumer.CHANNEL, topic, next);
    } catch (RuntimeException e) {
      next.onError(e);
    }
    link = next;
  }

  /** One subscription. */
  private final class Link implements Subscriber<Message<byte[]>> {
    private final Semaphore arrived = new Semaphore(0);
    private final Semaphore subscribed = new Semaphore(0);
    private final long openedAt = System.nanoTime();
    private volatile Subscription subscription;
    private volatile String end;

    /** Requests batches until the channel ends, and returns the reason. */
    String drain() throws InterruptedException {
      subscribed.acquire();
      while (end == null) {
        space.await();
        subscription.request(1);
        boolean delivered = false;
        while (end == null && !delivered) {
          delivered = arrived.tryAcquire(1, TimeUnit.SECONDS);
          if (end == null && state.isChannelDead(topic) && (delivered || isQuiet())) {
            state.channelResumed(topic);
          }
        }
      }
      return end;
    }

    /** Returns whether the channel works although no batch arrives. */
    private boolean isQuiet() {
      return ChannelPositions.of(topic).isReading()
          && System.nanoTime() - openedAt > QUIET.toNanos();
    }

    @Override
    public void onSubscribe(Subscription newSubscription) {
      subscription = newSubscription;
      subscribed.release();
    }

    @Override
    public void onNext(Message<byte[]> message) {
      Delivery delivery = Delivery.of(PartitionBatch.of(message));
      metrics.recordsReceived(delivery.range().records().size());
      space.take(delivery.bytes());
      lanes.get(EventConsumer.laneOf(delivery.range().partition(), lanes.size())).add(delivery);
      arrived.release();
    }

    @Override
    public void onError(Throwable failure) {
      end(FailureText.reason(failure));
    }

    @Override
    public void onComplete() {
      end("it was closed");
    }

    private void end(String reason) {
      end = reason;
      subscribed.release();
      arrived.release();
    }

    void cancel() {
      if (subscription != null) {
        subscription.cancel();
      }
    }
  }
}
