package dev.datapipeline.consumer;

import dev.datapipeline.broker.Broker;
import dev.datapipeline.broker.BrokerUnavailableException;
import dev.datapipeline.config.ConsumerConfig;
import dev.datapipeline.failure.Backoff;
import dev.datapipeline.failure.DatabaseFailure;
import dev.datapipeline.failure.FailureText;
import dev.datapipeline.metrics.PipelineMetrics;
import dev.datapipeline.record.RecordRange;
import dev.datapipeline.storage.StorageException;
import dev.datapipeline.tracing.StoreSpan;
import dev.datapipeline.tracing.Tracing;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.IntPredicate;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/**
 * One writer: takes the deliveries of its partitions in their order, stores as many as have
 * gathered in one transaction, and acknowledges them when it is committed. While one batch is being
 * written the next one gathers, so that a lone event is stored at once and a flood in big batches.
 * A batch that the database does not take is kept and tried again, for ever.
 */
final class Lane implements Runnable {
  private static final Logger LOG = Logger.getLogger(Lane.class.getName());

  /**
   * The connector remembers each acknowledgement until it is committed. A compacted topic can have
   * millions of offsets without a record: acknowledging them pauses for the commits to catch up.
   */
  private static final long MAX_ACKNOWLEDGED_AT_ONCE = 50_000;

  private static final Duration CHECK_INTERVAL = Duration.ofSeconds(10);

  private static final Duration COMMIT_INTERVAL = Duration.ofMillis(600);

  private final String name;
  private final ConsumerConfig config;
  private final Broker broker;
  private final ExactlyOnceStore store;
  private final PipelineMetrics metrics;
  private final Tracing tracing;
  private final ConsumerState state;
  private final QueueSpace space;
  private final IntPredicate owned;
  private final BlockingQueue<Delivery> queue = new LinkedBlockingQueue<>();

  private long nextCheckNanos = System.nanoTime();
  private final Backoff outage = new Backoff(Duration.ofMillis(100), Duration.ofSeconds(5));
  private final Backoff defect = new Backoff(Duration.ofSeconds(1), Duration.ofSeconds(30));

  Lane(
      String name,
      ConsumerConfig config,
      Broker broker,
      ExactlyOnceStore store,
      PipelineMetrics metrics,
      Tracing tracing,
      ConsumerState state,
      QueueSpace space,
      IntPredicate owned) {
    this.name = name;
    this.config = config;
    this.broker = broker;
    this.store = store;
    this.metrics = metrics;
    this.tracing = tracing;
    this.state = state;
    this.space = space;
    this.owned = owned;
  }

  @Override
  public String toString() {
    return name;
  }

  void add(Delivery delivery) {
    queue.add(delivery);
  }

  @Override
  public void run() {
    List<Delivery> batch = new ArrayList<>();
    try {
      while (!Thread.currentThread().isInterrupted()) {
        gather(batch);
        storeUntilDone(batch);
        long now = System.currentTimeMillis();
        for (Delivery delivery : batch) {
          if (delivery.oldestTimestamp() >= 0) {
            metrics.visibleAfter(now - delivery.oldestTimestamp());
          }
        }
        for (Delivery delivery : batch) {
          try {
            acknowledge(delivery);
          } catch (RuntimeException e) {
            // stored it is; a channel that has ended delivers it again, and it is dropped then
            LOG.log(Level.FINE, "not acknowledged", e);
          } finally {
            space.release(delivery.bytes());
          }
        }
        batch.clear();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void gather(List<Delivery> batch) throws InterruptedException {
    Delivery next = nextDelivery();
    long records = 0;
    long bytes = 0;
    do {
      batch.add(next);
      records += next.range().records().size();
      bytes += next.bytes();
      next = queue.peek();
      if (next == null
          || records + next.range().records().size() > config.maxBatchRecords()
          || bytes + next.bytes() > config.maxBatchBytes()) {
        return;
      }
      queue.remove();
    } while (true);
  }

  private Delivery nextDelivery() throws InterruptedException {
    while (true) {
      long untilCheck = nextCheckNanos - System.nanoTime();
      Delivery next = queue.poll(untilCheck, TimeUnit.NANOSECONDS);
      if (next != null) {
        return next;
      }
      checkPositions();
      nextCheckNanos = System.nanoTime() + CHECK_INTERVAL.toNanos();
    }
  }

  /**
   * Compares the database with what the group has committed. Records that arrive show by themselves
   * that the database was put back; a topic on which nothing happens does not.
   */
  private void checkPositions() throws InterruptedException {
    try {
      store.catchUp(owned);
    } catch (RuntimeException | StorageException e) {
      // whatever it is must not end this thread; a topic may be created again at this moment
      LOG.log(Level.FINE, "positions not compared; they are again soon", e);
    }
  }

  private void storeUntilDone(List<Delivery> batch) throws InterruptedException {
    try (StoreSpan span = tracing.storing(batch.stream().map(Delivery::range).toList())) {
      storeUntilDone(batch, span);
      span.stored();
    }
  }

  private void storeUntilDone(List<Delivery> batch, StoreSpan span) throws InterruptedException {
    while (true) {
      state.awaitResumed();
      try {
        store.store(batch);
        state.stored(name);
        outage.reset();
        defect.reset();
        return;
      } catch (BrokerUnavailableException | KafkaException e) {
        retryAfter(outage, "the broker does not answer: " + FailureText.reason(e), e, span);
      } catch (StorageException e) {
        retryAfter(
            e.failure() == DatabaseFailure.OUTAGE ? outage : defect, e.getMessage(), e, span);
      } catch (RuntimeException e) {
        retryAfter(defect, FailureText.reason(e), e, span);
      }
    }
  }

  private void retryAfter(Backoff backoff, String reason, Exception failure, StoreSpan span)
      throws InterruptedException {
    if (Thread.currentThread().isInterrupted()) {
      throw new InterruptedException();
    }
    Duration pause = backoff.next();
    metrics.batchRetried();
    span.retried(reason);
    state.failed(name, reason);
    LOG.log(
        Level.WARNING,
        "{0}: a batch is not stored yet and is kept; next try in {1} ms: {2}",
        new Object[] {name, Long.toString(pause.toMillis()), reason});
    LOG.log(Level.FINE, "cause", failure);
    Thread.sleep(pause.toMillis());
  }

  private void acknowledge(Delivery delivery) throws InterruptedException {
    RecordRange range = delivery.range();
    long first = range.from();
    if (delivery.batch().afterAssignment()) {
      first = Math.min(first, committedOrStart(delivery.partition(), first));
    }
    while (range.to() - first > MAX_ACKNOWLEDGED_AT_ONCE) {
      delivery.acknowledge(first, first + MAX_ACKNOWLEDGED_AT_ONCE);
      first += MAX_ACKNOWLEDGED_AT_ONCE;
      Thread.sleep(COMMIT_INTERVAL.toMillis());
    }
    delivery.acknowledge(first, range.to());
  }

  /** Returns the offset from which the connector waits for acknowledgements. */
  private long committedOrStart(TopicPartition partition, long otherwise) {
    try {
      Long committed = broker.committedOffsets().get(partition);
      return committed != null
          ? committed
          : broker.startOffsets(List.of(partition)).getOrDefault(partition, otherwise);
    } catch (BrokerUnavailableException e) {
      LOG.log(Level.FINE, "committed offset not known; the group's lag may stay behind", e);
      return otherwise;
    }
  }
}
