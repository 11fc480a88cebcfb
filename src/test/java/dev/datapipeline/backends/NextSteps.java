package dev.datapipeline.backends;

import java.io.IOException;
import java.io.PrintStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URL;
import java.time.Duration;

/**
 * Tells the user what to do next, once the application is ready, which is after {@code main} has
 * returned.
 *
 * <p>By then Maven has closed the class loader from which this came. So this uses nothing but what
 * is loaded when it is created, and classes of the JDK.
 */
final class NextSteps implements Runnable {
  private static final long TIMEOUT_NANOS = Duration.ofMinutes(10).toNanos();
  private static final int INTERVAL_MILLIS = 500;

  private final URL readiness;
  private final String text;
  private final PrintStream out;

  NextSteps(int httpPort, String text, PrintStream out) throws IOException {
    this.readiness = URI.create("http://localhost:" + httpPort + "/health/ready").toURL();
    this.text = text;
    this.out = out;
  }

  /** Prints the text once, as soon as the application is ready, if that is within ten minutes. */
  void printWhenReady() {
    // Out of the thread group whose threads Maven's exec:java ends when main has returned.
    ThreadGroup group = Thread.currentThread().getThreadGroup();
    while (group.getParent() != null) {
      group = group.getParent();
    }
    Thread thread = new Thread(group, this, "next-steps");
    thread.setDaemon(true);
    thread.setContextClassLoader(ClassLoader.getSystemClassLoader());
    thread.start();
  }

  @Override
  public void run() {
    long start = System.nanoTime();
    try {
      while (System.nanoTime() - start < TIMEOUT_NANOS) {
        if (isReady()) {
          out.print(text);
          out.flush();
          return;
        }
        Thread.sleep(INTERVAL_MILLIS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean isReady() {
    try {
      HttpURLConnection connection = (HttpURLConnection) readiness.openConnection();
      connection.setConnectTimeout(INTERVAL_MILLIS);
      connection.setReadTimeout(INTERVAL_MILLIS * 10);
      connection.setUseCaches(false);
      try {
        return connection.getResponseCode() == HttpURLConnection.HTTP_OK;
      } finally {
        connection.disconnect();
      }
    } catch (IOException e) {
      return false;
    }
  }
}
