package dev.datapipeline.consumer;

import dev.datapipeline.connector.AssignmentObserver;
import dev.datapipeline.connector.ChannelFactory;
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
 * The near end of the channel from one topic of the broker: asks for deliveries one by one, and
 * subscribes again, with growing pauses, when the channel has ended. A channel ends for good with
 * the first error that polling meets, and nobody but its subscriber gets to know.
 */
final class TopicSubscriber implements Runnable {
  private static final Logger LOG = Logger.getLogger(TopicSubscriber.class.getName());

  /** A channel that has lived this long is taken to be well again. */
  private static final Duration SETTLED = Duration.ofSeconds(30);

  /** A channel that polls without an error for this long is live again. */
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
        if (System.nanoTime() - since > SETTLED.toNanos()) {
          backoff.reset();
        }
        state.channelDied(topic, reason);
        // a server that stops closes the channel first and interrupts this thread soon after
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

  /** Opens the channel; the container does this for the one that it knows. */
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
    private final long assignmentsBefore = AssignmentObserver.assignments();
    private volatile Subscription subscription;
    private volatile String end;

    /** Asks for deliveries until the channel ends, and returns why it did. */
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

    /**
     * Returns whether the channel is well although nothing arrives: partitions were assigned after
     * it was opened, and polling has met no error for a while.
     */
    private boolean isQuiet() {
      return AssignmentObserver.assignments() != assignmentsBefore
          && System.nanoTime() - openedAt > QUIET.toNanos();
    }

    @Override
    public void onSubscribe(Subscription newSubscription) {
      subscription = newSubscription;
      subscribed.release();
    }

    @Override
    public void onNext(Message<byte[]> message) {
      Delivery delivery = Delivery.of(message);
      metrics.recordsReceived(delivery.range().records().size());
      space.take(delivery.bytes());
      lanes.get(EventConsumer.laneOf(delivery.batch().partition(), lanes.size())).add(delivery);
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
