package dev.datapipeline.producer;

import dev.datapipeline.config.LogText;
import dev.datapipeline.config.ProducerConfig;
import dev.datapipeline.source.EventSource;
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
import jakarta.enterprise.inject.Any;
import jakarta.enterprise.inject.Instance;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Drives the producer: asks the source for events at each tick and publishes them. The timer is
 * armed for one tick at a time, so that a tick that takes long delays the next one instead of
 * piling up behind it.
 */
@Singleton
@ConcurrencyManagement(ConcurrencyManagementType.BEAN)
@TransactionAttribute(TransactionAttributeType.NOT_SUPPORTED)
public class EventTimer {
  private static final Logger LOG = Logger.getLogger(EventTimer.class.getName());
  private static final Duration FLUSH_TIMEOUT = Duration.ofSeconds(5);

  @Resource private TimerService timers;
  @Inject private ProducerConfig config;
  @Inject private EventPublisher publisher;

  @Inject @Any private Instance<EventSource> sources;

  private EventSource source;
  private volatile Instant nextTick;
  private volatile Instant lastTick;
  private volatile boolean stopped;

  /**
   * Chooses the source. To be called first.
   *
   * @throws IllegalArgumentException if there is no source of the configured name
   */
  public void chooseSource() {
    source = chosenSource();
  }

  /** Starts the timer. To be called once, when the topic is there. */
  public void start() {
    nextTick = Instant.now();
    arm();
  }

  private EventSource chosenSource() {
    List<String> names = sources.stream().map(EventSource::name).sorted().toList();
    return sources.stream()
        .filter(candidate -> candidate.name().equals(config.source()))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "Setting PRODUCER_SOURCE has the value '%s', which is not allowed: it must be one of %s"
                        .formatted(config.source(), String.join(", ", names))));
  }

  private void arm() {
    long delay = Math.max(0, Duration.between(Instant.now(), nextTick).toMillis());
    timers.createSingleActionTimer(delay, new TimerConfig(null, false));
  }

  @Timeout
  void tick(Timer timer) {
    if (stopped) {
      return;
    }
    lastTick = Instant.now();
    try {
      publisher.publish(source.next(config.eventsPerTick()));
    } catch (RuntimeException e) {
      LOG.log(
          Level.WARNING,
          "source {0} failed: {1}",
          new Object[] {config.source(), LogText.reason(e)});
    }
    // ticks that are already over are left out, not made up for
    Instant now = Instant.now();
    do {
      nextTick = nextTick.plus(config.interval());
    } while (nextTick.isBefore(now));
    if (!stopped) {
      arm();
    }
  }

  /**
   * Returns whether the timer goes on: a tick was due no longer ago than ten intervals.
   *
   * @return false before {@link #start}
   */
  public boolean isTicking() {
    Instant due = nextTick;
    Duration grace = config.interval().multipliedBy(10).plusSeconds(10);
    return due != null && Instant.now().isBefore(due.plus(grace));
  }

  /**
   * Returns when the last tick began.
   *
   * @return null before the first one
   */
  public Instant lastTick() {
    return lastTick;
  }

  /** Waits for outstanding acknowledgements: the connector closes its client without waiting. */
  @PreDestroy
  void stop() {
    stopped = true;
    long lost = publisher.awaitAcknowledgements(FLUSH_TIMEOUT);
    if (lost > 0) {
      LOG.warning(lost + " events were not acknowledged by the broker before the stop");
    }
  }
}
