package dev.datapipeline.it;

import java.util.stream.DoubleStream;

/** Statistics of measured values. */
final class Sample {
  private Sample() {}

  static double median(DoubleStream values) {
    return percentile(values.sorted().toArray(), 0.5);
  }

  /** Returns the value below or at which a fraction of all values lies. */
  static double percentile(double[] sorted, double fraction) {
    return sorted[Math.max(0, (int) Math.ceil(fraction * sorted.length) - 1)];
  }
}
