package dev.datapipeline.api.live;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Sends updates to one client without blocking. An update that is still waiting is replaced by a
 * newer one of the same kind. So a client that reads slowly, or not at all, costs the memory of one
 * message of each kind and doesn't delay the others. Thread-safe.
 */
final class Viewer implements WriteListener {
  private final AsyncContext context;
  private final ServletOutputStream output;
  private final Consumer<Viewer> onClose;
  private final Map<String, byte[]> waiting = new LinkedHashMap<>();
  private boolean writable;
  private boolean unflushed;
  private boolean closed;

  /**
   * Creates a viewer; {@link #start} begins to send.
   *
   * @param context the client's request
   * @param output the output of the answer
   * @param onClose called once, when the viewer is closed
   */
  Viewer(AsyncContext context, ServletOutputStream output, Consumer<Viewer> onClose) {
    this.context = context;
    this.output = output;
    this.onClose = onClose;
  }

  /** Begins to send. Messages that were added before are sent first. */
  void start() {
    output.setWriteListener(this);
  }

  /**
   * Sends a message as soon as the client can take it. Replaces a waiting message of the same kind.
   */
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
          // the server calls onWritePossible when the output is ready
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

  /** Ends the answer. Does nothing if the viewer is already closed. */
  void close() {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      waiting.clear();
    }
    onClose.accept(this);
    try {
      context.complete();
    } catch (IllegalStateException e) {
      // the server has already ended the request
    }
  }
}
