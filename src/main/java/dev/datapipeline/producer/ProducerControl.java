package dev.datapipeline.producer;

import dev.datapipeline.config.SourceConfig;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.logging.Logger;

/**
 * Shows and controls the running sources. Changes last until the application restarts. Thread-safe.
 *
 * <p>Every method that takes the name of a source throws {@link NoSuchElementException} if no
 * running source has this name. Its message is one line that lists the running sources.
 */
@ApplicationScoped
public class ProducerControl {
  private static final Logger LOG = Logger.getLogger(ProducerControl.class.getName());

  @Inject private RunningSources sources;
  @Inject private EventTimer timer;

  /**
   * Returns the state of every running source.
   *
   * @return in configured order; empty if the producer is disabled
   */
  public List<SourceState> sources() {
    return sources.all().stream().map(SourceDriver::state).toList();
  }

  /**
   * Returns the state of one source.
   *
   * @param name the source's name
   * @return its current state
   */
  public SourceState source(String name) {
    return driver(name).state();
  }

  /**
   * Pauses a source. A running tick is finished. Does nothing if the source is already paused.
   *
   * @param name the source's name
   * @return its state afterwards
   */
  public SourceState pause(String name) {
    return setPaused(name, true);
  }

  /**
   * Resumes a paused source; its next tick is due immediately. Does nothing if the source is not
   * paused.
   *
   * @param name the source's name
   * @return its state afterwards
   */
  public SourceState resume(String name) {
    return setPaused(name, false);
  }

  private SourceState setPaused(String name, boolean paused) {
    SourceDriver driver = driver(name);
    if (driver.isPaused() != paused) {
      driver.setPaused(paused);
      timer.rearm(driver.name());
      LOG.info("source %s is %s".formatted(driver.name(), paused ? "paused" : "resumed"));
    }
    return driver.state();
  }

  /**
   * Changes the interval of a source's ticks. The next tick is due immediately, unless the source
   * is paused.
   *
   * @param name the source's name
   * @param interval {@link SourceConfig#MIN_INTERVAL} to {@link SourceConfig#MAX_INTERVAL}
   * @return its state afterwards
   * @throws IllegalArgumentException if the interval is outside these bounds
   */
  public SourceState setInterval(String name, Duration interval) {
    SourceDriver driver = driver(name);
    if (interval.compareTo(SourceConfig.MIN_INTERVAL) < 0
        || interval.compareTo(SourceConfig.MAX_INTERVAL) > 0) {
      throw new IllegalArgumentException(
          "the interval %s is not between %s and %s"
              .formatted(interval, SourceConfig.MIN_INTERVAL, SourceConfig.MAX_INTERVAL));
    }
    driver.setInterval(interval);
    timer.rearm(driver.name());
    LOG.info("source %s now has an interval of %s".formatted(driver.name(), interval));
    return driver.state();
  }

  /**
   * Runs one tick of a source immediately, even if the source is paused. Waits for a running tick
   * first.
   *
   * @param name the source's name
   * @return the number of events accepted for sending; {@link #source} shows how many of them the
   *     broker acknowledges
   */
  public int tick(String name) {
    return driver(name).tick();
  }

  /**
   * Returns why the last tick of a source failed. Either the source itself failed, or a transaction
   * with its events.
   *
   * @return one line with the name of the first such source; empty if no tick failed
   */
  public Optional<String> failure() {
    return sources.all().stream()
        .flatMap(driver -> driver.failure().map(why -> driver.name() + ": " + why).stream())
        .findFirst();
  }

  /**
   * Returns what keeps sources that work from sending some of their events, such as a file that
   * can't be read.
   *
   * @return one line with the name of the first such source; empty if there is none
   */
  public Optional<String> problem() {
    return sources.all().stream()
        .flatMap(driver -> driver.problem().map(what -> driver.name() + ": " + what).stream())
        .findFirst();
  }

  /**
   * Returns the names of the paused sources.
   *
   * @return in configured order
   */
  public List<String> paused() {
    return sources.all().stream().filter(SourceDriver::isPaused).map(SourceDriver::name).toList();
  }

  /**
   * Returns whether every source is paused.
   *
   * @return false if no source runs
   */
  public boolean isPaused() {
    return !sources.all().isEmpty() && sources.all().stream().allMatch(SourceDriver::isPaused);
  }

  private SourceDriver driver(String name) {
    Optional<SourceDriver> driver = sources.get(name);
    return driver.orElseThrow(
        () ->
            new NoSuchElementException(
                "no running source has this name; running sources: "
                    + String.join(", ", sources.all().stream().map(SourceDriver::name).toList())));
  }
}
