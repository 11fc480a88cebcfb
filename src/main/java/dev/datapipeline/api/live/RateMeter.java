package dev.datapipeline.api.live;

import java.util.OptionalDouble;

/** Computes the rate of a counter from its readings. Not thread-safe. */
final class RateMeter {
  private boolean started;
  private long total;
  private long nanos;
  private OptionalDouble perSecond = OptionalDouble.empty();

  /**
   * Takes a reading. A reading that is not newer than the last one changes nothing. If the counter
   * was reset, the rate is 0.
   *
   * @param nowTotal the counter's value
   * @param nowNanos the time of the reading, by {@link System#nanoTime()}
   * @return the rate per second between the last two readings; empty after the first reading
   */
  OptionalDouble read(long nowTotal, long nowNanos) {
    if (started && nowNanos - nanos <= 0) {
      return perSecond;
    }
    if (started) {
      double seconds = (nowNanos - nanos) / 1e9;
      perSecond = OptionalDouble.of(Math.max(0, nowTotal - total) / seconds);
    }
    started = true;
    total = nowTotal;
    nanos = nowNanos;
    return perSecond;
  }
}
