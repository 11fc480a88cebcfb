package dev.datapipeline.api.live;

import dev.datapipeline.failure.Backoff;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Spaces out queries so that they take at most 5 % of the time: demands a pause of 19 times the
 * duration of each query, but of 30 seconds at most. Without the maximum, one query that waited for
 * a database to start would stop the updates for minutes. After a query that failed, the pause is
 * at least that of a backoff. Queries must not run concurrently; the other methods are thread-safe.
 */
final class QueryPause {
  private static final int PAUSES_PER_QUERY = 19;
  private static final long MAX_NANOS = TimeUnit.SECONDS.toNanos(30);

  private final LongSupplier nanoTime;
  private final Backoff backoff = new Backoff(Duration.ofSeconds(2), Duration.ofNanos(MAX_NANOS));
  private volatile long endNanos;
  private volatile boolean failing;

  /**
   * Creates a pause that is already over.
   *
   * @param nanoTime the clock, such as {@link System#nanoTime()}
   */
  QueryPause(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
    endNanos = nanoTime.getAsLong();
  }

  /** Returns whether the next query may run. */
  boolean isOver() {
    return nanoTime.getAsLong() - endNanos >= 0;
  }

  /** Ends the pause now, unless the last query failed. */
  void end() {
    if (!failing) {
      endNanos = nanoTime.getAsLong();
    }
  }

  /** Runs a query and begins a pause, even if the query fails. */
  void runThenPause(Runnable query) {
    long begin = nanoTime.getAsLong();
    failing = true;
    try {
      query.run();
      failing = false;
      backoff.reset();
    } finally {
      long end = nanoTime.getAsLong();
      long pause = Math.min(PAUSES_PER_QUERY * (end - begin), MAX_NANOS);
      endNanos = end + (failing ? Math.max(pause, backoff.next().toNanos()) : pause);
    }
  }
}
