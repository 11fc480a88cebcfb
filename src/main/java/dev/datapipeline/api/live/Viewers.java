package dev.datapipeline.api.live;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.ServletOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Holds the connected viewers and sends every update to all of them, as the same bytes. Keeps the
 * samples of the last minutes and the latest update of each kind for viewers that connect later.
 * Thread-safe.
 */
final class Viewers {
  /** The number of samples that are kept: five minutes at one sample per second. */
  static final int HISTORY = 300;

  private final Duration interval;
  private final Set<Viewer> viewers = ConcurrentHashMap.newKeySet();
  private final Deque<String> history = new ArrayDeque<>();
  private final Map<String, String> latest = new LinkedHashMap<>();
  private volatile boolean closed;

  /**
   * Creates a set without viewers.
   *
   * @param interval the time between two samples
   */
  Viewers(Duration interval) {
    this.interval = interval;
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
                  .formatted(interval.toMillis(), HISTORY, String.join(",", history))));
      latest.forEach((kind, json) -> viewer.send(kind, message(kind, json)));
      viewers.add(viewer);
    }
    return viewer;
  }

  /** Returns the number of connected viewers. */
  int size() {
    return viewers.size();
  }

  /** Sends a sample and adds it to the history. */
  void sendSample(String json) {
    synchronized (this) {
      history.addLast(json);
      if (history.size() > HISTORY) {
        history.removeFirst();
      }
    }
    broadcast("sample", json);
  }

  /** Sends an update. */
  void send(String kind, String json) {
    synchronized (this) {
      latest.put(kind, json);
    }
    broadcast(kind, json);
  }

  /** Sends an update unless it equals the previous one of its kind. */
  void sendIfChanged(String kind, String json) {
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

  /** Tells all viewers that the server is stopping, and ends their connections. */
  void close() {
    closed = true;
    byte[] bye = message("bye", "{}");
    for (Viewer viewer : List.copyOf(viewers)) {
      viewer.send("bye", bye);
      viewer.close();
    }
  }

  /** Returns whether the server is stopping. */
  boolean isClosed() {
    return closed;
  }
}
