package dev.datapipeline.producer;

import dev.datapipeline.failure.Backoff;
import dev.datapipeline.failure.FailureText;
import dev.datapipeline.failure.Retry;
import jakarta.annotation.PreDestroy;
import jakarta.annotation.Resource;
import jakarta.ejb.ConcurrencyManagement;
import jakarta.ejb.ConcurrencyManagementType;
import jakarta.ejb.Singleton;
import jakarta.ejb.Timeout;
import jakarta.ejb.Timer;
import jakarta.ejb.TimerConfig;
import jakarta.ejb.TimerService;
import jakarta.ejb.TransactionAttribute;
import jakarta.ejb.TransactionAttributeType;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.logging.Logger;

/**
 * Drives the producer with one EJB timer per source. Each timer fires once and is then armed again,
 * so a slow tick delays the next one and ticks never pile up. Thread-safe.
 */
@Singleton
@ConcurrencyManagement(ConcurrencyManagementType.BEAN)
@TransactionAttribute(TransactionAttributeType.NOT_SUPPORTED)
public class EventTimer {
  private static final Logger LOG = Logger.getLogger(EventTimer.class.getName());
  private static final Duration FLUSH_TIMEOUT = Duration.ofSeconds(5);

  @Resource private TimerService timers;
  @Inject private RunningSources sources;
  @Inject private EventPublisher publisher;

  /**
   * The number of each source's current timer. A timer with another number has been replaced and
   * must not tick.
   */
  private final Map<String, Long> latest = new HashMap<>();

  private long lastNumber;
  private boolean started;
  private boolean stopped;

  /** Identifies a timer: its source, and a number that increases with every timer. */
  private record Tick(String source, long number) implements java.io.Serializable {
    private static final long serialVersionUID = 1L;
  }

  /** Required by the container, which injects the fields; do not call. */
  public EventTimer() {}

  EventTimer(TimerService timers, RunningSources sources) {
    this.timers = timers;
    this.sources = sources;
  }

  /** Starts the timers. Must be called once, after the topics have been created. */
  public synchronized void start() {
    started = true;
    sources.all().forEach(this::arm);
  }

  /**
   * Replaces a source's timer after the source was paused or resumed, or its interval changed. Does
   * nothing before {@link #start}.
   *
   * @param source the name of a running source
   */
  public synchronized void rearm(String source) {
    sources.get(source).ifPresent(this::arm);
  }

  private synchronized void arm(SourceDriver driver) {
    long number = ++lastNumber;
    if (started && !stopped && !driver.isPaused()) {
      timers.createSingleActionTimer(
          driver.untilNextTick().toMillis(),
          new TimerConfig(new Tick(driver.name(), number), false));
    }
    // last: if there is no new timer, the former one must still count
    latest.put(driver.name(), number);
  }

  private synchronized boolean isLatest(Tick tick) {
    return !stopped && latest.get(tick.source()) == tick.number();
  }

  @Timeout
  void tick(Timer timer) {
    Tick tick = (Tick) timer.getInfo();
    SourceDriver driver = sources.get(tick.source()).orElseThrow();
    if (isLatest(tick)) {
      driver.tick();
      armAfter(tick, driver);
    }
  }

  /** Arms the next timer. Tries again until that works: nothing else would wake the source. */
  private void armAfter(Tick tick, SourceDriver driver) {
    try {
      new Retry(pauses(), pauses())
          .untilDone(
              () -> {
                armIfLatest(tick, driver);
                return null;
              },
              (failure, pause) ->
                  FailureText.report(
                      () ->
                          LOG.warning(
                              "source %s: no timer for the next tick; next try in %d ms: %s"
                                  .formatted(
                                      driver.name(),
                                      pause.toMillis(),
                                      FailureText.reason(failure)))));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static Backoff pauses() {
    return new Backoff(Duration.ofMillis(100), Duration.ofSeconds(5));
  }

  private synchronized void armIfLatest(Tick tick, SourceDriver driver) {
    if (isLatest(tick)) {
      arm(driver);
    }
  }

  /**
   * Returns whether all timers work.
   *
   * @return false before {@link #start}, or if a tick is long overdue
   */
  public boolean isTicking() {
    return isStarted() && sources.all().stream().allMatch(SourceDriver::isTicking);
  }

  /**
   * Returns whether all timers work, or a tick may be waiting for the database or the broker.
   *
   * @return false before {@link #start}, or if a tick has been overdue for minutes
   */
  public boolean isAlive() {
    return isStarted() && sources.all().stream().allMatch(SourceDriver::isAlive);
  }

  private synchronized boolean isStarted() {
    return started;
  }

  /**
   * Waits for pending acknowledgements, because the connector closes its client without waiting.
   */
  @PreDestroy
  void stop() {
    synchronized (this) {
      stopped = true;
    }
    sources.all().forEach(SourceDriver::stop);
    long pending = publisher.awaitAcknowledgements(FLUSH_TIMEOUT);
    if (pending > 0) {
      LOG.warning(
          pending + " events were not acknowledged by the broker before the application stopped");
    }
  }
}
