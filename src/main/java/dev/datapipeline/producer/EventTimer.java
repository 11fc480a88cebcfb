package dev.datapipeline.producer;

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
 * Drives the producer: a timer for each source. A timer is armed for one tick at a time, so that a
 * tick that takes long delays the next one instead of piling up behind it.
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

  /** A timer that fires and is not the last one of its source was replaced meanwhile. */
  private final Map<String, Long> latest = new HashMap<>();

  private long armed;
  private boolean started;
  private boolean stopped;

  /** Tells a source's timer from the one that replaced it. */
  private record Tick(String source, long number) implements java.io.Serializable {
    private static final long serialVersionUID = 1L;
  }

  /** Starts the timers. To be called once, when the topics are there. */
  public synchronized void start() {
    started = true;
    sources.all().forEach(this::arm);
  }

  /**
   * Arms a source's timer anew: it was paused or resumed, or its interval has changed. Does nothing
   * before {@link #start}.
   *
   * @param source the name of a source that runs
   */
  public synchronized void rearm(String source) {
    sources.get(source).ifPresent(this::arm);
  }

  private synchronized void arm(SourceDriver driver) {
    long number = ++armed;
    latest.put(driver.name(), number);
    if (started && !stopped && !driver.isPaused()) {
      timers.createSingleActionTimer(
          driver.untilNextTick().toMillis(),
          new TimerConfig(new Tick(driver.name(), number), false));
    }
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

  private synchronized void armAfter(Tick tick, SourceDriver driver) {
    if (isLatest(tick)) {
      arm(driver);
    }
  }

  /**
   * Returns whether the timers go on.
   *
   * @return false before {@link #start}
   */
  public boolean isTicking() {
    return isStarted() && sources.all().stream().allMatch(SourceDriver::isTicking);
  }

  private synchronized boolean isStarted() {
    return started;
  }

  /** Waits for outstanding acknowledgements: the connector closes its client without waiting. */
  @PreDestroy
  void stop() {
    synchronized (this) {
      stopped = true;
    }
    sources.all().forEach(SourceDriver::stop);
    long lost = publisher.awaitAcknowledgements(FLUSH_TIMEOUT);
    if (lost > 0) {
      LOG.warning(lost + " events were not acknowledged by the broker before the stop");
    }
  }
}
