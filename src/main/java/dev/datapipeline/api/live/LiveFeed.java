package dev.datapipeline.api.live;

import dev.datapipeline.config.ApiConfig;
import jakarta.annotation.PreDestroy;
import jakarta.annotation.Resource;
import jakarta.enterprise.concurrent.ManagedScheduledExecutorService;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.ServletOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Sends the dashboard's updates to all viewers. Each update is computed once, and every viewer gets
 * the same bytes. The database is queried only while there are viewers, and for at most 5 % of the
 * time. Thread-safe.
 */
@ApplicationScoped
public class LiveFeed {
  private static final Logger LOG = Logger.getLogger(LiveFeed.class.getName());
  private static final Duration INTERVAL = Duration.ofSeconds(1);

  /** The number of samples that a new viewer gets: five minutes. */
  private static final int HISTORY = 300;

  @Resource private ManagedScheduledExecutorService scheduler;
  @Inject private ApiConfig config;
  @Inject private Sampler sampler;
  @Inject private NewestRows rows;

  private final Set<Viewer> viewers = ConcurrentHashMap.newKeySet();
  private final Deque<String> history = new ArrayDeque<>();
  private final Map<String, String> latest = new LinkedHashMap<>();
  private final List<Future<?>> tasks = new ArrayList<>();
  private final AtomicBoolean querying = new AtomicBoolean();
  private final QueryPause pause = new QueryPause(System::nanoTime);
  private volatile boolean stopping;

  /**
   * Closes the viewers' connections when the JVM begins to shut down. The server stops the
   * application only after open requests have ended, and would wait 30 seconds for the viewers.
   */
  private final Thread shutdownHook = new Thread(this::closeAll, "datapipeline viewers");

  /**
   * Starts to send updates. A viewer that connects earlier gets an empty history at first, and
   * updates once the feed has started. Call once.
   */
  public void start() {
    Runtime.getRuntime().addShutdownHook(shutdownHook);
    long millis = INTERVAL.toMillis();
    tasks.add(scheduler.scheduleAtFixedRate(this::sample, 0, millis, TimeUnit.MILLISECONDS));
    tasks.add(scheduler.scheduleWithFixedDelay(this::query, millis, millis, TimeUnit.MILLISECONDS));
  }

  /** Returns whether there is no room for another viewer. */
  boolean isFull() {
    return stopping || viewers.size() >= config.maxViewers();
  }

  /** Adds a viewer and sends it the history and the latest update of each kind. */
  Viewer add(AsyncContext context, ServletOutputStream output) {
    Viewer viewer = new Viewer(context, output, viewers::remove);
    synchronized (this) {
      viewer.send(
          "hello",
          message(
              "hello",
              "{\"intervalMillis\":%d,\"samples\":%d,\"history\":[%s]}"
                  .formatted(INTERVAL.toMillis(), HISTORY, String.join(",", history))));
      latest.forEach((kind, json) -> viewer.send(kind, message(kind, json)));
      viewers.add(viewer);
    }
    if (viewers.size() == 1) {
      // without viewers the database was not queried, so the rows may be out of date
      pause.end();
      scheduler.submit(this::query);
    }
    return viewer;
  }

  private void sample() {
    try {
      String sample = sampler.sample();
      String state = sampler.state();
      synchronized (this) {
        history.addLast(sample);
        if (history.size() > HISTORY) {
          history.removeFirst();
        }
        latest.put("state", state);
      }
      broadcast("sample", sample);
      broadcast("state", state);
    } catch (RuntimeException e) {
      // caught because an exception would end the schedule
      LOG.log(Level.FINE, "no sample taken", e);
    }
  }

  private void query() {
    if (!querying.compareAndSet(false, true)) {
      return;
    }
    try {
      if (!viewers.isEmpty() && pause.isOver()) {
        pause.after(() -> rows.read().forEach(this::broadcastIfChanged));
      }
    } catch (RuntimeException e) {
      // the database's health check shows the reason
      LOG.log(Level.FINE, "the database could not be queried", e);
    } finally {
      querying.set(false);
    }
  }

  private void broadcastIfChanged(String kind, String json) {
    boolean changed;
    synchronized (this) {
      changed = !json.equals(latest.put(kind, json));
    }
    if (changed) {
      broadcast(kind, json);
    }
  }

  private void broadcast(String kind, String json) {
    if (!viewers.isEmpty()) {
      byte[] message = message(kind, json);
      viewers.forEach(viewer -> viewer.send(kind, message));
    }
  }

  private static byte[] message(String kind, String json) {
    return "event: %s\ndata: %s\n\n".formatted(kind, json).getBytes(StandardCharsets.UTF_8);
  }

  @PreDestroy
  void stop() {
    tasks.forEach(task -> task.cancel(true));
    closeAll();
    try {
      Runtime.getRuntime().removeShutdownHook(shutdownHook);
    } catch (IllegalStateException e) {
      // the JVM is already shutting down and runs the hook
    }
  }

  private void closeAll() {
    stopping = true;
    // tells the clients that the server is stopping; they reconnect by themselves
    byte[] bye = message("bye", "{}");
    for (Viewer viewer : List.copyOf(viewers)) {
      viewer.send("bye", bye);
      viewer.close();
    }
  }
}
