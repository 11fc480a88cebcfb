package dev.datapipeline.consumer;

import dev.datapipeline.connector.ChannelFactory;
import dev.datapipeline.connector.ChannelPositions;
import dev.datapipeline.connector.PartitionBatch;
import dev.datapipeline.failure.Backoff;
import dev.datapipeline.failure.FailureText;
import dev.datapipeline.metrics.PipelineMetrics;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
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

  /** After a failure of this thread itself. */
  private static final Duration PAUSE = Duration.ofSeconds(1);

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
        try {
          receiveThenReopen();
        } catch (InterruptedException e) {
          throw e;
        } catch (Throwable e) {
          // such as a lack of memory: without this thread, the topic would never be read again
          FailureText.report(
              () ->
                  LOG.log(
                      Level.WARNING,
                      "reading topic {0} failed and goes on: {1}",
                      new Object[] {topic, FailureText.reason(e)}));
          Thread.sleep(PAUSE.toMillis());
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      link.cancel();
    }
  }

  private void receiveThenReopen() throws InterruptedException {
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

  /** Opens the channel. The container does this for the first topic at the start. */
  void subscribe() {
    Link next = new Link();
    try {
      factory.subscribe(EventConsumer.CHANNEL, topic, next);
    } catch (RuntimeException | Error e) {
      next.onError(e);
    }
    link = next;
  }

  /** One subscription. */
  private final class Link implements Subscriber<Message<byte[]>> {
    private final Semaphore arrived = new Semaphore(0);
    private final CountDownLatch subscribed = new CountDownLatch(1);
    private final long openedAt = System.nanoTime();
    private volatile Subscription subscription;
    private volatile String end;

    /**
     * Requests batches until the channel ends, and returns the reason. May be called again after it
     * has thrown.
     */
    String drain() throws InterruptedException {
      subscribed.await();
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
      return ChannelPositions.of(topic).isReading(QUIET)
          && System.nanoTime() - openedAt > QUIET.toNanos();
    }

    @Override
    public void onSubscribe(Subscription newSubscription) {
      subscription = newSubscription;
      subscribed.countDown();
    }

    /**
     * Queues a batch. Never throws, because that would end the channel. A batch that can't be
     * queued, for lack of memory, counts as handled: a lane notices that its records are missing
     * and reads them again.
     */
    @Override
    public void onNext(Message<byte[]> message) {
      PartitionBatch batch = PartitionBatch.of(message);
      try {
        Delivery delivery = Delivery.of(batch);
        metrics.recordsReceived(delivery.range().records().size());
        lanes.get(EventConsumer.laneOf(delivery.range().partition(), lanes.size())).add(delivery);
      } catch (Throwable e) {
        batch.stored();
        FailureText.report(
            () ->
                LOG.warning("a batch was not queued; it is read again: " + FailureText.reason(e)));
      }
      arrived.release();
    }

    @Override
    public void onError(Throwable failure) {
      String reason = "it failed, and there is no memory to say why";
      try {
        reason = FailureText.reason(failure);
      } catch (Error e) {
        // the text above stays
      }
      end(reason);
    }

    @Override
    public void onComplete() {
      end("it was closed");
    }

    private void end(String reason) {
      end = reason;
      subscribed.countDown();
      arrived.release();
    }

    void cancel() {
      if (subscription != null) {
        subscription.cancel();
      }
    }
  }
}
