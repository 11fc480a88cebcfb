package dev.datapipeline.consumer;

import dev.datapipeline.config.ConsumerConfig;
import dev.datapipeline.failure.Backoff;
import dev.datapipeline.failure.FailureKind;
import dev.datapipeline.failure.FailureText;
import dev.datapipeline.failure.OutageException;
import dev.datapipeline.failure.Retry;
import dev.datapipeline.metrics.PipelineMetrics;
import dev.datapipeline.storage.StorageException;
import dev.datapipeline.tracing.StoreSpan;
import dev.datapipeline.tracing.Tracing;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * One writer thread. Takes the deliveries of its partitions in order and stores as many as have
 * gathered in one transaction. The next batch gathers while one is being written, so a single event
 * is stored at once and a flood in large batches. A batch that can't be stored is kept and retried
 * forever. While another transaction blocks it, the lane doesn't keep the queue space from other
 * lanes. Nothing but an interrupt ends the thread, not even an {@link OutOfMemoryError}: the
 * partitions of a lane without a thread would stand still.
 */
final class Lane implements Runnable {
  private static final Logger LOG = Logger.getLogger(Lane.class.getName());

  private static final Duration CHECK_INTERVAL = Duration.ofSeconds(5);

  /** While another lane stores batches this often, it can use the queue space of a blocked one. */
  private static final Duration OTHERS_STORE = Duration.ofSeconds(5);

  /** The SQLSTATE of a lock that was not obtained in time. */
  private static final String LOCKED = "55P03";

  /** After a failed comparison of positions. */
  private static final Duration RECHECK_INTERVAL = Duration.ofSeconds(1);

  /** After a failure outside of an attempt to store a batch. */
  private static final Duration PAUSE = Duration.ofSeconds(1);

  private final String name;
  private final RecordStore store;
  private final PipelineMetrics metrics;
  private final Tracing tracing;
  private final ConsumerState state;
  private final DeliveryQueue queue;
  private final IntPredicate owned;
  private final Retry retry =
      new Retry(
          new Backoff(Duration.ofMillis(100), Duration.ofSeconds(5)),
          new Backoff(Duration.ofSeconds(1), Duration.ofSeconds(30)));

  private long nextCheckNanos = System.nanoTime();

  /** Whether the last attempt waited in vain for rows that another transaction has locked. */
  private volatile boolean blocked;

  /**
   * Creates a lane; doesn't start its thread.
   *
   * @param name the name for the log
   * @param config the bounds of a batch
   * @param store used by this lane only
   * @param space released when deliveries are stored
   * @param owned whether a partition number belongs to this lane
   */
  Lane(
      String name,
      ConsumerConfig config,
      RecordStore store,
      PipelineMetrics metrics,
      Tracing tracing,
      ConsumerState state,
      QueueSpace space,
      IntPredicate owned) {
    this.name = name;
    this.store = store;
    this.metrics = metrics;
    this.tracing = tracing;
    this.state = state;
    this.queue = new DeliveryQueue(space, config);
    this.owned = owned;
  }

  @Override
  public String toString() {
    return name;
  }

  /** Queues a delivery. Thread-safe. */
  void add(Delivery delivery) {
    queue.add(delivery);
    // the lanes that aren't blocked shall get records
    if (blocked && state.hasStoredWithin(OTHERS_STORE)) {
      queue.makeRoom();
    }
  }

  @Override
  public void run() {
    // with room, so that the first delivery gets from the queue to the batch without allocation
    List<Delivery> batch = new ArrayList<>(16);
    try {
      while (!Thread.currentThread().isInterrupted()) {
        try {
          storeNext(batch);
        } catch (InterruptedException e) {
          throw e;
        } catch (Throwable e) {
          FailureText.report(() -> report(e));
          Thread.sleep(PAUSE.toMillis());
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void report(Throwable failure) {
    state.failed(name, reason(failure));
    LOG.log(Level.WARNING, "{0} failed and goes on: {1}", new Object[] {name, reason(failure)});
    LOG.log(Level.FINE, "cause", failure);
  }

  /** Stores the next batch. A batch that is left from a failed call is stored again. */
  private void storeNext(List<Delivery> batch) throws InterruptedException {
    if (batch.isEmpty()) {
      gather(batch);
    }
    storeUntilDone(batch);
    long now = System.currentTimeMillis();
    for (Delivery delivery : batch) {
      if (delivery.oldestTimestamp() >= 0) {
        metrics.visibleAfter(now - delivery.oldestTimestamp());
      }
    }
    // from here on nothing can fail, so that no delivery is released twice
    queue.stored(batch);
    batch.clear();
  }

  /** Waits for a delivery, and adds those that have gathered behind it. */
  private void gather(List<Delivery> batch) throws InterruptedException {
    batch.add(nextDelivery());
    // what gathers during a pause is stored together
    state.awaitResumed();
    queue.fill(batch);
  }

  /** Waits for a delivery, and compares positions whenever that is due. */
  private Delivery nextDelivery() throws InterruptedException {
    while (true) {
      long untilCheck = nextCheckNanos - System.nanoTime();
      Delivery next = untilCheck <= 0 ? null : queue.take(untilCheck);
      if (next != null) {
        return next;
      }
      nextCheckNanos = System.nanoTime() + checkPositions().toNanos();
    }
  }

  /** Compares positions, and returns the time until the next comparison. */
  private Duration checkPositions() throws InterruptedException {
    state.awaitResumed();
    try {
      store.catchUp(owned);
      state.recovered(name);
      return CHECK_INTERVAL;
    } catch (OutageException e) {
      // the broker's own health check reports it
      LOG.log(Level.FINE, "positions not compared", e);
    } catch (InterruptedException e) {
      throw e;
    } catch (Throwable e) {
      state.failed(name, reason(e));
      LOG.log(
          Level.WARNING,
          "{0}: positions not compared with the channel''s: {1}",
          new Object[] {name, reason(e)});
      LOG.log(Level.FINE, "cause", e);
    }
    return RECHECK_INTERVAL;
  }

  private void storeUntilDone(List<Delivery> batch) throws InterruptedException {
    try (StoreSpan span = tracing.storing(batch.stream().map(Delivery::range).toList())) {
      retry.untilDone(
          () -> {
            state.awaitResumed();
            store.store(batch);
            return null;
          },
          (failure, pause) -> report(failure, pause, span));
      blocked = false;
      state.stored(name);
      span.stored();
    }
  }

  private void report(Throwable failure, Duration pause, StoreSpan span) {
    String reason = reason(failure);
    metrics.batchRetried();
    span.retried(reason);
    state.failed(name, reason);
    LOG.log(
        Level.WARNING,
        "{0}: a batch is not stored yet and is kept; next try in {1} ms: {2}",
        new Object[] {name, Long.toString(pause.toMillis()), reason});
    LOG.log(Level.FINE, "cause", failure);
    blocked = LOCKED.equals(FailureKind.sqlState(failure));
    if (blocked) {
      queue.makeRoom();
    }
  }

  private static String reason(Throwable failure) {
    if (failure instanceof StorageException) {
      return failure.getMessage();
    }
    return (failure instanceof OutageException ? "the broker does not answer: " : "")
        + FailureText.reason(failure);
  }
}
