package dev.datapipeline.api.live;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * One open dashboard. Whatever it does not take in time is replaced by what is newer, so that a
 * viewer who reads slowly, or not at all, costs a message of each kind and holds nobody up.
 * Thread-safe.
 */
final class Viewer implements WriteListener {
  private final AsyncContext context;
  private final ServletOutputStream output;
  private final Runnable left;
  private final Map<String, byte[]> waiting = new LinkedHashMap<>();
  private boolean writable;
  private boolean unflushed;
  private boolean closed;

  /**
   * Prepares the answer; {@link #start} begins it.
   *
   * @param context of the viewer's request
   * @param output of its answer
   * @param left is run when the viewer has gone, perhaps more than once
   */
  Viewer(AsyncContext context, ServletOutputStream output, Runnable left) {
    this.context = context;
    this.output = output;
    this.left = left;
  }

  void start() {
    output.setWriteListener(this);
  }

  /** Sends a message as soon as the viewer takes it, in place of a waiting one of its kind. */
  synchronized void send(String kind, byte[] message) {
    if (!closed) {
      waiting.put(kind, message);
      write();
    }
  }

  @Override
  public synchronized void onWritePossible() {
    writable = true;
    write();
  }

  private void write() {
    try {
      while (writable && !closed && (unflushed || !waiting.isEmpty())) {
        if (!output.isReady()) {
          // the server calls onWritePossible when it is
          writable = false;
        } else if (waiting.isEmpty()) {
          unflushed = false;
          output.flush();
        } else {
          String kind = waiting.keySet().iterator().next();
          unflushed = true;
          output.write(waiting.remove(kind));
        }
      }
    } catch (IOException | IllegalStateException e) {
      close();
    }
  }

  @Override
  public void onError(Throwable failure) {
    close();
  }

  /** Ends the answer. */
  void close() {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      waiting.clear();
    }
    left.run();
    try {
      context.complete();
    } catch (IllegalStateException e) {
      // the server has ended it already
    }
  }
}
