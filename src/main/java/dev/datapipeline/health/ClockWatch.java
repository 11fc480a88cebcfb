package dev.datapipeline.health;

import dev.datapipeline.failure.SteadyClock;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;

/**
 * Notices when the machine's clock is set back. Kafka's client measures some times by it, so a
 * restart helps then. Not thread-safe.
 */
final class ClockWatch {
  /** Kafka's client makes up for a shorter time before a session ends. */
  private static final Duration TOLERANCE = Duration.ofSeconds(2);

  private final InstantSource clock;
  private final InstantSource steady;
  private Duration lead;

  ClockWatch() {
    this(Clock.systemUTC(), SteadyClock.INSTANCE);
  }

  ClockWatch(InstantSource clock, InstantSource steady) {
    this.clock = clock;
    this.steady = steady;
    lead = lead();
  }

  private Duration lead() {
    Instant steadily = steady.instant();
    return Duration.between(steadily, clock.instant());
  }

  /** Returns by how much the clock was set back since the last call; empty if it wasn't. */
  Optional<Duration> setBack() {
    Duration before = lead;
    lead = lead();
    Duration back = before.minus(lead);
    return back.compareTo(TOLERANCE) > 0 ? Optional.of(back) : Optional.empty();
  }
}
