package dev.datapipeline.api.live;

import dev.datapipeline.config.ApiConfig;
import dev.datapipeline.failure.RepeatedTask;
import jakarta.annotation.PreDestroy;
import jakarta.annotation.Resource;
import jakarta.enterprise.concurrent.ManagedScheduledExecutorService;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.ServletOutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Computes the dashboard's updates, once for all viewers. The database is queried only while there
 * are viewers, and rarely if it is slow ({@link QueryPause}). Thread-safe.
 */
@ApplicationScoped
public class LiveFeed {
  private static final Logger LOG = Logger.getLogger(LiveFeed.class.getName());
  private static final Duration INTERVAL = Duration.ofSeconds(1);

  @Resource private ManagedScheduledExecutorService scheduler;
  @Inject private ApiConfig config;
  @Inject private Sampler sampler;
  @Inject private NewestRows rows;

  private final Viewers viewers = new Viewers(INTERVAL);
  private final History history = new History();
  private final List<Future<?>> tasks = new ArrayList<>();
  private final AtomicBoolean querying = new AtomicBoolean();
  private final QueryPause pause = new QueryPause(System::nanoTime);

  /**
   * Closes the viewers' connections when the JVM begins to shut down. The server stops the
   * application only after open requests have ended, and would wait 30 seconds for the viewers.
   */
  private final Thread shutdownHook = new Thread(viewers::close, "datapipeline viewers");

  /**
   * Starts to send updates. A viewer that connects earlier gets an empty history at first, and
   * updates once the feed has started. Must be called once.
   */
  public void start() {
    Runtime.getRuntime().addShutdownHook(shutdownHook);
    long millis = INTERVAL.toMillis();
    tasks.add(
        scheduler.scheduleAtFixedRate(
            new RepeatedTask("the sample of the live feed", this::sample),
            0,
            millis,
            TimeUnit.MILLISECONDS));
    tasks.add(
        scheduler.scheduleWithFixedDelay(
            new RepeatedTask("the query of the live feed", this::query),
            millis,
            millis,
            TimeUnit.MILLISECONDS));
  }

  /** Returns whether there is no room for another viewer. */
  boolean isFull() {
    return viewers.isClosed() || viewers.size() >= config.maxViewers();
  }

  /** Adds a viewer. */
  Viewer add(AsyncContext context, ServletOutputStream output) {
    if (viewers.size() == 0) {
      // without viewers nothing kept it up to date
      viewers.send("state", sampler.state());
    }
    Viewer viewer = viewers.add(context, output);
    if (viewers.size() == 1) {
      // without viewers the database was not queried, so the rows may be out of date
      pause.end();
      scheduler.submit(this::query);
    }
    return viewer;
  }

  /** Returns the samples of a longer range as JSON; empty if there is no such range. */
  Optional<String> history(String range) {
    return history.json(range);
  }

  private void sample() {
    Sample sample = sampler.sample();
    history.add(sample);
    viewers.sendSample(sample.json());
    if (viewers.size() > 0) {
      viewers.send("state", sampler.state());
    }
  }

  private void query() {
    if (!querying.compareAndSet(false, true)) {
      return;
    }
    try {
      if (viewers.size() > 0 && pause.isOver()) {
        pause.runThenPause(() -> rows.read().forEach(viewers::sendIfChanged));
      }
    } catch (RuntimeException e) {
      // the database's health check shows the reason
      LOG.log(Level.FINE, "the database could not be queried", e);
    } finally {
      querying.set(false);
    }
  }

  @PreDestroy
  void stop() {
    tasks.forEach(task -> task.cancel(true));
    viewers.close();
    try {
      Runtime.getRuntime().removeShutdownHook(shutdownHook);
    } catch (IllegalStateException e) {
      // the JVM is already shutting down and runs the hook
    }
  }
}
