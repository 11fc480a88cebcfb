package dev.datapipeline.failure;

import java.time.Instant;
import java.time.InstantSource;

/**
 * A clock for durations and deadlines. It doesn't jump when the machine's clock is set, which would
 * make a moment ago look like tomorrow. It begins at the epoch, so its instants are no times of
 * day.
 */
public final class SteadyClock implements InstantSource {
  /** The only instance. */
  public static final SteadyClock INSTANCE = new SteadyClock();

  private final long beginning = System.nanoTime();

  private SteadyClock() {}

  @Override
  public Instant instant() {
    return Instant.EPOCH.plusNanos(System.nanoTime() - beginning);
  }

  /**
   * Returns the current instant.
   *
   * @return comparable with other instants of this clock only
   */
  public static Instant now() {
    return INSTANCE.instant();
  }
}
