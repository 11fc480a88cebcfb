package dev.datapipeline.failure;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/** Exponentially growing, jittered pauses between attempts. Not thread-safe. */
public final class Backoff {
  private final long firstMillis;
  private final long maxMillis;
  private long nextMillis;

  /**
   * Creates a backoff that begins with the first pause.
   *
   * @param first the first pause, before jitter; positive
   * @param max the longest pause
   */
  public Backoff(Duration first, Duration max) {
    firstMillis = first.toMillis();
    maxMillis = max.toMillis();
    nextMillis = firstMillis;
  }

  /**
   * Returns how long to wait now, and doubles the next pause.
   *
   * @return between half of the pause and all of it, at random
   */
  public Duration next() {
    long pause = nextMillis;
    nextMillis = Math.min(maxMillis, nextMillis * 2);
    return Duration.ofMillis(pause / 2 + ThreadLocalRandom.current().nextLong(pause / 2 + 1));
  }

  /** Begins with the first pause again. */
  public void reset() {
    nextMillis = firstMillis;
  }
}
