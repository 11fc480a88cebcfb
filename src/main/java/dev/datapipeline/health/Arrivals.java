package dev.datapipeline.health;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * When the records of one partition arrived that are not stored yet, as far as the answers of the
 * broker show it. The clocks of the producers have no part in it. Immutable.
 *
 * @param seen ends of the partition beyond its position, and when each was first seen; ascending
 */
record Arrivals(List<Seen> seen) {
  static final Arrivals NONE = new Arrivals(List.of());

  /** An age may be too low by this part of it. So the number of ends grows with its logarithm. */
  private static final int PRECISION = 20;

  /**
   * An end of a partition.
   *
   * @param end the offset after the last record
   * @param at when the end was seen for the first time, so the records below it are at least as old
   */
  record Seen(long end, Instant at) {}

  /** Returns the arrivals after another answer; none if the partition has become shorter. */
  Arrivals next(long nextOffset, long end, Instant now) {
    List<Seen> next = new ArrayList<>();
    if (!seen.isEmpty() && seen.get(seen.size() - 1).end() <= end) {
      seen.stream().filter(earlier -> earlier.end() > nextOffset).forEach(next::add);
    }
    long known = next.isEmpty() ? nextOffset : next.get(next.size() - 1).end();
    if (end > known) {
      next.add(new Seen(end, now));
    }
    return new Arrivals(thinned(next, now));
  }

  /** Forgets the ends whose successor was seen soon after them, measured by its age. */
  private static List<Seen> thinned(List<Seen> all, Instant now) {
    List<Seen> kept = new ArrayList<>();
    for (int i = 0; i < all.size(); i++) {
      if (kept.isEmpty() || i == all.size() - 1) {
        kept.add(all.get(i));
      } else {
        Instant before = kept.get(kept.size() - 1).at();
        Instant after = all.get(i + 1).at();
        Duration age = Duration.between(after, now);
        if (Duration.between(before, after).multipliedBy(PRECISION).compareTo(age) > 0) {
          kept.add(all.get(i));
        }
      }
    }
    return List.copyOf(kept);
  }

  /** Returns since when the oldest record that is not stored has been there, at the latest. */
  Optional<Instant> oldest() {
    return seen.stream().findFirst().map(Seen::at);
  }
}
