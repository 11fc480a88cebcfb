package dev.datapipeline.api.live;

import dev.datapipeline.config.ApiConfig;
import jakarta.annotation.PreDestroy;
import jakarta.annotation.Resource;
import jakarta.enterprise.concurrent.ManagedScheduledExecutorService;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.context.Initialized;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import jakarta.json.Json;
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
 * What the dashboards are told. Everything is asked for and written down once, and the same bytes
 * go to every viewer; the database is asked only while somebody looks, and never for more than a
 * twentieth of the time. Thread-safe.
 */
@ApplicationScoped
public class LiveFeed {
  private static final Logger LOG = Logger.getLogger(LiveFeed.class.getName());
  private static final Duration INTERVAL = Duration.ofSeconds(1);
  private static final int HISTORY = 300;
  private static final int RESTS_PER_QUERY = 19;

  @Resource private ManagedScheduledExecutorService scheduler;
  @Inject private ApiConfig config;
  @Inject private Sampler sampler;
  @Inject private StoredRows rows;

  private final Set<Viewer> viewers = ConcurrentHashMap.newKeySet();
  private final Deque<String> history = new ArrayDeque<>();
  private final Map<String, String> latest = new LinkedHashMap<>();
  private final List<Future<?>> tasks = new ArrayList<>();
  private final AtomicBoolean asking = new AtomicBoolean();
  private volatile boolean leaving;
  private volatile long askAgainAtNanos = System.nanoTime();

  /**
   * The server lets requests that are under way finish before it stops anything, and would wait for
   * the viewers for half a minute; only the JVM tells in time.
   */
  private final Thread whenTheServerStops = new Thread(this::dismiss, "datapipeline viewers");

  void start(@Observes @Initialized(ApplicationScoped.class) Object start) {
    Runtime.getRuntime().addShutdownHook(whenTheServerStops);
    long millis = INTERVAL.toMillis();
    tasks.add(scheduler.scheduleAtFixedRate(this::sample, 0, millis, TimeUnit.MILLISECONDS));
    tasks.add(scheduler.scheduleWithFixedDelay(this::ask, millis, millis, TimeUnit.MILLISECONDS));
  }

  /** Returns whether there are as many viewers as there may be. */
  boolean isFull() {
    return leaving || viewers.size() >= config.maxViewers();
  }

  /** Adds a viewer, who is told what is known first. */
  Viewer add(AsyncContext context, ServletOutputStream output) {
    Viewer[] self = new Viewer[1];
    Viewer viewer = new Viewer(context, output, () -> viewers.remove(self[0]));
    self[0] = viewer;
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
      // what is known of the database may be of yesterday
      askAgainAtNanos = System.nanoTime();
      scheduler.submit(this::ask);
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
      // an exception would end the schedule
      LOG.log(Level.FINE, "nothing to show", e);
    }
  }

  private void ask() {
    if (asking.compareAndSet(false, true)) {
      try {
        askUnlessTooSoon();
      } finally {
        asking.set(false);
      }
    }
  }

  private void askUnlessTooSoon() {
    if (viewers.isEmpty() || System.nanoTime() - askAgainAtNanos < 0) {
      return;
    }
    long before = System.nanoTime();
    try {
      rows.read().forEach(this::tellIfNew);
      long after = System.nanoTime();
      askAgainAtNanos = after + RESTS_PER_QUERY * (after - before);
    } catch (RuntimeException e) {
      // the database's health shows why; what it costs a database that is away is nothing
      LOG.log(Level.FINE, "the database is not read", e);
    }
  }

  private void tellIfNew(String kind, String json) {
    boolean isNew;
    synchronized (this) {
      isNew = !json.equals(latest.put(kind, json));
    }
    if (isNew) {
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
    dismiss();
    try {
      Runtime.getRuntime().removeShutdownHook(whenTheServerStops);
    } catch (IllegalStateException e) {
      // it runs
    }
  }

  private void dismiss() {
    leaving = true;
    // the clients are told that the server goes, and come again
    byte[] bye = message("bye", Json.createObjectBuilder().build().toString());
    for (Viewer viewer : List.copyOf(viewers)) {
      viewer.send("bye", bye);
      viewer.close();
    }
  }
}
