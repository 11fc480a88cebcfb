package dev.datapipeline.producer;

import dev.datapipeline.config.SourceConfig;
import dev.datapipeline.failure.FailureText;
import dev.datapipeline.source.EventSource;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.logging.Level;
import java.util.logging.Logger;

/** One source that runs: asks it for events at each tick and has them sent. Thread-safe. */
final class SourceDriver {
  private static final Logger LOG = Logger.getLogger(SourceDriver.class.getName());

  private static final Duration REPORT_INTERVAL = Duration.ofSeconds(10);

  /** Sends what a source gives. */
  interface Sender {
    /**
     * Asks the source for events, sends them, and keeps account of them.
     *
     * @return how many events were taken; their acknowledgement may come later
     */
    int send(EventSource source, SourceConfig config, SentEvents account);

    /** Sends nothing any more. */
    default void stop() {}
  }

  private final EventSource source;
  private final SourceConfig config;
  private final Sender sender;
  private final SentEvents account = new SentEvents();
  private volatile Duration interval;
  private volatile boolean paused;
  private volatile Instant nextTick;
  private volatile Instant lastTick;
  private volatile String failure;
  private Instant reportedAt = Instant.EPOCH;
  private boolean stopped;
  private volatile boolean failing;

  SourceDriver(EventSource source, SourceConfig config, Sender sender) {
    this.source = source;
    this.config = config;
    this.sender = sender;
    this.interval = config.interval();
  }

  String name() {
    return config.name();
  }

  /**
   * Asks the source once and sends what it gives. One thread at a time; others wait.
   *
   * @return how many events were taken to be sent
   */
  synchronized int tick() {
    if (stopped) {
      return 0;
    }
    lastTick = Instant.now();
    try {
      int taken = sender.send(source, config, account);
      failing = false;
      return taken;
    } catch (RuntimeException e) {
      report(FailureText.reason(e));
      LOG.log(Level.FINE, "cause", e);
      return 0;
    }
  }

  private void report(String reason) {
    failing = true;
    Instant now = Instant.now();
    if (!reason.equals(failure) || now.isAfter(reportedAt.plus(REPORT_INTERVAL))) {
      reportedAt = now;
      LOG.log(Level.WARNING, "source {0} failed: {1}", new Object[] {name(), reason});
    }
    failure = reason;
  }

  /** Waits for a tick that is under way, and sends nothing any more. */
  synchronized void stop() {
    stopped = true;
    sender.stop();
  }

  /** Decides when the next tick is due. Those that are already over are left out. */
  Duration untilNextTick() {
    Instant now = Instant.now();
    Instant due = nextTick == null ? now : nextTick.plus(interval);
    if (due.isBefore(now)) {
      long missed = Duration.between(due, now).dividedBy(interval);
      due = due.plus(interval.multipliedBy(missed));
      due = due.isBefore(now) ? due.plus(interval) : due;
    }
    nextTick = due;
    return Duration.between(now, due);
  }

  void interval(Duration newInterval) {
    interval = newInterval;
    nextTick = null;
  }

  void paused(boolean newPaused) {
    paused = newPaused;
    nextTick = null;
  }

  boolean isPaused() {
    return paused;
  }

  /** Returns whether a tick was due no longer ago than ten intervals, or none is to be. */
  boolean isTicking() {
    Instant due = nextTick;
    Duration grace = interval.multipliedBy(10).plusSeconds(10);
    return paused || (due != null && Instant.now().isBefore(due.plus(grace)));
  }

  /** Returns why the last tick failed; empty if it did not. */
  Optional<String> failure() {
    return failing ? Optional.ofNullable(failure) : Optional.empty();
  }

  SourceState state() {
    return new SourceState(
        config.name(),
        config.topic(),
        interval,
        config.eventsPerTick(),
        paused,
        account.sent(),
        account.notSent(),
        Optional.ofNullable(lastTick),
        Optional.ofNullable(failure).or(account::lastError));
  }
}
