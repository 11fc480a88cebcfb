package dev.datapipeline.api.live;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/**
 * Keeps the samples of the last hour, six hours and day. Each step of a range is a sample that
 * stands for several ones of the next shorter range, so the memory is bounded. Thread-safe.
 */
final class History {
  /** The number of samples in each range. */
  static final int SAMPLES = 360;

  private final Range day = new Range("24h", 240_000, 4, null);
  private final Range sixHours = new Range("6h", 60_000, 6, day);
  private final Range hour = new Range("1h", 10_000, 10, sixHours);

  /** Adds the sample of one second. */
  synchronized void add(Sample sample) {
    hour.add(sample);
  }

  /**
   * Returns a range as JSON.
   *
   * @param name {@code 1h}, {@code 6h} or {@code 24h}
   * @return empty if there is no such range
   */
  synchronized Optional<String> json(String name) {
    List<Sample> newest = new ArrayList<>();
    for (Range range = hour; range != null; range = range.longer) {
      newest.addAll(0, range.pending);
      if (range.name.equals(name)) {
        return Optional.of(range.json(newest));
      }
    }
    return Optional.empty();
  }

  /** One range. */
  private static final class Range {
    private final String name;
    private final long stepMillis;
    private final int merged;
    private final Range longer;
    private final Deque<String> steps = new ArrayDeque<>();

    /** What the next step will stand for. */
    private final List<Sample> pending = new ArrayList<>();

    Range(String name, long stepMillis, int merged, Range longer) {
      this.name = name;
      this.stepMillis = stepMillis;
      this.merged = merged;
      this.longer = longer;
    }

    void add(Sample sample) {
      pending.add(sample);
      if (pending.size() < merged) {
        return;
      }
      Sample step = Sample.merge(pending);
      pending.clear();
      steps.addLast(step.json());
      if (steps.size() > SAMPLES) {
        steps.removeFirst();
      }
      if (longer != null) {
        longer.add(step);
      }
    }

    /** Returns the steps, and what has come since the last one. */
    String json(List<Sample> newest) {
      List<String> all = new ArrayList<>(steps);
      if (!newest.isEmpty()) {
        all.add(Sample.merge(newest).json());
      }
      return "{\"range\":\"%s\",\"stepMillis\":%d,\"maxSamples\":%d,\"samples\":[%s]}"
          .formatted(name, stepMillis, SAMPLES, String.join(",", all));
    }
  }
}
