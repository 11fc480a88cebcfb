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
 * Lets an operator see and steer the sources while they run. What is changed here is forgotten at
 * the next start. Thread-safe.
 *
 * <p>Every method that takes the name of a source throws {@link NoSuchElementException} if no
 * source of this name runs, with a message in one line that names those that do.
 */
@ApplicationScoped
public class ProducerControl {
  private static final Logger LOG = Logger.getLogger(ProducerControl.class.getName());

  @Inject private RunningSources sources;
  @Inject private EventTimer timer;

  /**
   * Returns what is known of each source that the configuration names.
   *
   * @return in the order of the configuration; none if the producer is disabled
   */
  public List<SourceState> sources() {
    return sources.all().stream().map(SourceDriver::state).toList();
  }

  /**
   * Returns what is known of one source.
   *
   * @param name the source's name
   * @return its state now
   */
  public SourceState source(String name) {
    return driver(name).state();
  }

  /**
   * Leaves out the source's ticks until it is resumed; a tick that is under way is finished. Does
   * nothing if it is paused.
   *
   * @param name the source's name
   * @return its state afterwards
   */
  public SourceState pause(String name) {
    return pause(name, true);
  }

  /**
   * Lets a paused source tick again, at once. Does nothing if it is not paused.
   *
   * @param name the source's name
   * @return its state afterwards
   */
  public SourceState resume(String name) {
    return pause(name, false);
  }

  private SourceState pause(String name, boolean paused) {
    SourceDriver driver = driver(name);
    if (driver.isPaused() != paused) {
      driver.paused(paused);
      timer.rearm(driver.name());
      LOG.info("source %s is %s".formatted(driver.name(), paused ? "paused" : "resumed"));
    }
    return driver.state();
  }

  /**
   * Changes the interval of a source's ticks; the next tick is at once, unless it is paused.
   *
   * @param name the source's name
   * @param interval {@link SourceConfig#MIN_INTERVAL} to {@link SourceConfig#MAX_INTERVAL}
   * @return its state afterwards
   * @throws IllegalArgumentException if the interval is out of these bounds
   */
  public SourceState setInterval(String name, Duration interval) {
    SourceDriver driver = driver(name);
    if (interval.compareTo(SourceConfig.MIN_INTERVAL) < 0
        || interval.compareTo(SourceConfig.MAX_INTERVAL) > 0) {
      throw new IllegalArgumentException(
          "the interval %s is not from %s to %s"
              .formatted(interval, SourceConfig.MIN_INTERVAL, SourceConfig.MAX_INTERVAL));
    }
    driver.interval(interval);
    timer.rearm(driver.name());
    LOG.info("source %s has the interval %s".formatted(driver.name(), interval));
    return driver.state();
  }

  /**
   * Makes one tick of a source now, also while it is paused, and waits for a tick that is under
   * way.
   *
   * @param name the source's name
   * @return how many events were taken to be sent; whether the broker acknowledges them shows in
   *     {@link #source}
   */
  public int tick(String name) {
    return driver(name).tick();
  }

  /**
   * Returns why a source's last tick failed: the source, or a transaction of its events.
   *
   * @return one line with the source's name; empty if no source's did
   */
  public Optional<String> failure() {
    return sources.all().stream()
        .flatMap(driver -> driver.failure().map(why -> driver.name() + ": " + why).stream())
        .findFirst();
  }

  /**
   * Returns the names of the sources that are paused.
   *
   * @return in the order of the configuration
   */
  public List<String> paused() {
    return sources.all().stream().filter(SourceDriver::isPaused).map(SourceDriver::name).toList();
  }

  /**
   * Returns whether every source is paused.
   *
   * @return false if there is none
   */
  public boolean isPaused() {
    return !sources.all().isEmpty() && sources.all().stream().allMatch(SourceDriver::isPaused);
  }

  private SourceDriver driver(String name) {
    Optional<SourceDriver> driver = sources.get(name);
    return driver.orElseThrow(
        () ->
            new NoSuchElementException(
                "no source of this name runs; those that do: "
                    + String.join(", ", sources.all().stream().map(SourceDriver::name).toList())));
  }
}
