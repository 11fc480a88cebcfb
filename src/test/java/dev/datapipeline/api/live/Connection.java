package dev.datapipeline.api.live;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;

/**
 * A connection to a client that takes one message and then no more until {@link #ready}. Flushes
 * appear as "| ".
 */
final class Connection {
  private final StringBuilder text = new StringBuilder();
  private boolean alwaysReady;
  private boolean ready = true;
  private boolean broken;
  private int completed;

  /** Returns what the client has read. */
  String text() {
    return text.toString();
  }

  /** Returns how often the request was completed. */
  int completed() {
    return completed;
  }

  /** Takes one more message. */
  void ready() {
    ready = true;
  }

  /** Takes every message from now on. */
  void alwaysReady() {
    alwaysReady = true;
  }

  /** Breaks the connection. */
  void reset() {
    broken = true;
  }

  AsyncContext context() {
    return (AsyncContext)
        Proxy.newProxyInstance(
            AsyncContext.class.getClassLoader(),
            new Class<?>[] {AsyncContext.class},
            (proxy, method, arguments) -> {
              completed += method.getName().equals("complete") ? 1 : 0;
              return null;
            });
  }

  ServletOutputStream output() {
    return new ServletOutputStream() {
      @Override
      public boolean isReady() {
        return ready || alwaysReady;
      }

      @Override
      public void setWriteListener(WriteListener listener) {
        // the tests call the listener
      }

      @Override
      public void write(int value) {
        throw new UnsupportedOperationException();
      }

      @Override
      public void write(byte[] bytes) throws IOException {
        if (broken) {
          throw new IOException("connection reset");
        }
        text.append(new String(bytes, StandardCharsets.UTF_8)).append(' ');
        ready = false;
      }

      @Override
      public void flush() {
        text.append("| ");
      }
    };
  }
}
