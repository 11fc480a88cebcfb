package dev.datapipeline.failure;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Objects;
import java.util.OptionalLong;

/**
 * Limits how often a repeated problem is logged, so that a long outage doesn't flood the log. The
 * first occurrence is logged at once. Thread-safe.
 */
public final class LogThrottle {
  private final Duration interval;
  private final InstantSource clock;
  private Instant loggedAt;
  private String loggedMessage;
  private long occurrences;

  /**
   * Creates a throttle.
   *
   * @param interval minimum time between two lines
   */
  public LogThrottle(Duration interval) {
    this(interval, SteadyClock.INSTANCE);
  }

  /**
   * Creates a throttle that uses another clock, for tests.
   *
   * @param interval minimum time between two lines
   * @param clock the clock that measures the interval
   */
  public LogThrottle(Duration interval, InstantSource clock) {
    this.interval = interval;
    this.clock = clock;
  }

  /**
   * Counts occurrences of the problem.
   *
   * @param count number of occurrences
   * @return the number of occurrences since the previous line, to be logged now; empty if it is too
   *     early for another line
   */
  public synchronized OptionalLong count(long count) {
    occurrences += count;
    if (!isIntervalOver()) {
      return OptionalLong.empty();
    }
    loggedAt = clock.instant();
    OptionalLong total = OptionalLong.of(occurrences);
    occurrences = 0;
    return total;
  }

  /**
   * Returns whether a message should be logged now. A message that differs from the previous one is
   * always logged.
   *
   * @param message the message, not null
   * @return false if the previous line had the same message and it is too early for another one
   */
  public synchronized boolean permits(String message) {
    if (Objects.equals(message, loggedMessage) && !isIntervalOver()) {
      return false;
    }
    loggedAt = clock.instant();
    loggedMessage = message;
    return true;
  }

  private boolean isIntervalOver() {
    return loggedAt == null || clock.instant().isAfter(loggedAt.plus(interval));
  }
}
