package dev.datapipeline.producer;

import dev.datapipeline.config.SourceConfig;
import dev.datapipeline.failure.FailureText;
import dev.datapipeline.failure.LogThrottle;
import dev.datapipeline.failure.SteadyClock;
import dev.datapipeline.source.EventSource;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Runs one source: decides when its ticks are due, and sends its events at each tick. Thread-safe.
 */
final class SourceDriver {
  private static final Logger LOG = Logger.getLogger(SourceDriver.class.getName());

  private static final Duration REPORT_INTERVAL = Duration.ofSeconds(10);

  /** A problem may last until somebody removes a file. */
  private static final Duration PROBLEM_INTERVAL = Duration.ofMinutes(1);

  /** A tick may wait for the database and the broker, whose own timeouts end each of its steps. */
  private static final Duration LONGEST_TICK = Duration.ofMinutes(5);

  private final EventSource source;
  private final SourceConfig config;
  private final EventSender sender;
  private final InstantSource clock;
  private final InstantSource steady;
  private final LogThrottle throttle;
  private final LogThrottle problemThrottle;
  private final SendResults results = new SendResults();
  private volatile Duration interval;
  private volatile boolean paused;
  private volatile Instant nextTick;
  private volatile Instant lastTick;
  private volatile Instant tickBegunAt;
  private volatile String lastFailure;
  private volatile String problem;
  private boolean stopped;
  private volatile boolean failing;

  SourceDriver(EventSource source, SourceConfig config, EventSender sender) {
    this(source, config, sender, Clock.systemUTC(), SteadyClock.INSTANCE);
  }

  /**
   * Creates a driver that uses other clocks, for tests.
   *
   * @param clock tells the time of day
   * @param steady decides when ticks are due
   */
  SourceDriver(
      EventSource source,
      SourceConfig config,
      EventSender sender,
      InstantSource clock,
      InstantSource steady) {
    this.source = source;
    this.config = config;
    this.sender = sender;
    this.clock = clock;
    this.steady = steady;
    this.throttle = new LogThrottle(REPORT_INTERVAL, steady);
    this.problemThrottle = new LogThrottle(PROBLEM_INTERVAL, steady);
    this.interval = config.interval();
  }

  String name() {
    return config.name();
  }

  /**
   * Runs one tick: asks the source once and sends its events. Blocks while another thread runs a
   * tick of this source.
   *
   * @return the number of events accepted for sending; 0 if the tick failed
   */
  synchronized int tick() {
    if (stopped) {
      return 0;
    }
    lastTick = clock.instant();
    tickBegunAt = steady.instant();
    try {
      int accepted = sender.send(source, config, results);
      failing = false;
      reportProblem(source.problem());
      return accepted;
    } catch (RuntimeException | Error e) {
      failing = true;
      FailureText.report(
          () -> {
            report(FailureText.reason(e));
            LOG.log(Level.FINE, "cause", e);
          });
      return 0;
    }
  }

  /** The source works, so this doesn't make it a failing one. */
  private void reportProblem(Optional<String> now) {
    problem = now.orElse(null);
    if (now.isPresent() && problemThrottle.permits(now.get())) {
      LOG.log(Level.WARNING, "source {0}: {1}", new Object[] {name(), now.get()});
    }
  }

  private void report(String reason) {
    lastFailure = reason;
    if (throttle.permits(reason)) {
      LOG.log(Level.WARNING, "source {0} failed: {1}", new Object[] {name(), reason});
    }
  }

  /** Waits for a running tick to finish. Nothing is sent after this call. */
  synchronized void stop() {
    stopped = true;
    sender.stop();
  }

  /** Schedules the next tick and returns the time until then. Missed ticks are skipped. */
  Duration untilNextTick() {
    Instant now = steady.instant();
    Instant due = nextTick == null ? now : nextTick.plus(interval);
    if (due.isBefore(now)) {
      long missed = Duration.between(due, now).dividedBy(interval);
      due = due.plus(interval.multipliedBy(missed));
      due = due.isBefore(now) ? due.plus(interval) : due;
    }
    nextTick = due;
    return Duration.between(now, due);
  }

  /** Changes the interval. The next tick is due immediately. */
  void setInterval(Duration newInterval) {
    interval = newInterval;
    nextTick = null;
  }

  /** Pauses or resumes the source. After a resume, the next tick is due immediately. */
  void setPaused(boolean newPaused) {
    paused = newPaused;
    nextTick = null;
  }

  boolean isPaused() {
    return paused;
  }

  /**
   * Returns whether the timer works: the source is paused, or its tick is overdue by at most ten
   * intervals and ten seconds.
   */
  boolean isTicking() {
    Instant due = nextTick;
    Duration grace = interval.multipliedBy(10).plusSeconds(10);
    return paused || (due != null && steady.instant().isBefore(due.plus(grace)));
  }

  /** Returns whether the timer works, or the last tick began so recently that it may be waiting. */
  boolean isAlive() {
    Instant begun = tickBegunAt;
    return isTicking() || (begun != null && steady.instant().isBefore(begun.plus(LONGEST_TICK)));
  }

  /** Returns why the last tick failed; empty if it succeeded. */
  Optional<String> failure() {
    return failing ? Optional.ofNullable(lastFailure) : Optional.empty();
  }

  /** Returns what keeps the source from sending some of its events, although it works. */
  Optional<String> problem() {
    return Optional.ofNullable(problem);
  }

  SourceState state() {
    return new SourceState(
        config.name(),
        config.topic(),
        interval,
        config.eventsPerTick(),
        paused,
        results.sent(),
        results.notSent(),
        Optional.ofNullable(lastTick),
        failure()
            .or(this::problem)
            .or(() -> Optional.ofNullable(lastFailure))
            .or(results::lastError));
  }
}
