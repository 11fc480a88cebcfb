package dev.datapipeline.failure;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/** Exponentially growing, jittered pauses between attempts. For one thread. */
public final class Backoff {
  private final long firstMillis;
  private final long maxMillis;
  private long nextMillis;

  public Backoff(Duration first, Duration max) {
    firstMillis = first.toMillis();
    maxMillis = max.toMillis();
    nextMillis = firstMillis;
  }

  /**
   * Returns how long to wait now, and doubles the next pause.
   *
   * @return between half of the pause and all of it
   */
  public Duration next() {
    long pause = nextMillis;
    nextMillis = Math.min(maxMillis, nextMillis * 2);
    return Duration.ofMillis(pause / 2 + ThreadLocalRandom.current().nextLong(pause / 2 + 1));
  }

  public void reset() {
    nextMillis = firstMillis;
  }
}
