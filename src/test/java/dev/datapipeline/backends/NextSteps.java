package dev.datapipeline.backends;

import java.io.IOException;
import java.io.PrintStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.regex.Pattern;

/**
 * Prints what the user can do next as soon as the application works, which is after {@code main}
 * has returned: the application is ready, and rows arrive in the database.
 *
 * <p>By then Maven has closed the class loader of this class. The code may therefore only use
 * classes of the JDK and classes that were loaded before.
 */
final class NextSteps implements Runnable {
  private static final long TIMEOUT_NANOS = Duration.ofMinutes(10).toNanos();

  /** Long enough for a start on a slow machine. */
  private static final long PATIENCE_NANOS = Duration.ofMinutes(3).toNanos();

  private static final int INTERVAL_MILLIS = 500;

  /** A producer that is switched off or slow sends nothing to wait for. */
  private static final long ROWS_TIMEOUT_NANOS = Duration.ofSeconds(15).toNanos();

  /** Dev mode prints its own notes shortly after the server has started. */
  private static final int QUIET_MILLIS = 3_000;

  private static final Pattern ROWS_STORED = Pattern.compile("\"stored\":[1-9]\\d*[,}]");

  private final URL readiness;
  private final URL statistics;
  private final String text;
  private final PrintStream out;
  private final QuietConsole console;

  /**
   * Creates the watch.
   *
   * @param console ends when the text is printed
   */
  NextSteps(int httpPort, String text, QuietConsole console) throws IOException {
    URI root = URI.create("http://localhost:" + httpPort + "/");
    this.readiness = root.resolve("health/ready").toURL();
    this.statistics = root.resolve("api/stats").toURL();
    this.text = text;
    this.console = console;
    this.out = console.unfiltered();
  }

  /** Prints the text once when the application works, if that is within ten minutes. */
  void printWhenReady() {
    Thread thread = Backends.lastingThread(this, "next-steps");
    thread.setDaemon(true);
    thread.start();
  }

  @Override
  public void run() {
    long start = System.nanoTime();
    try {
      while (get(readiness) == null) {
        if (System.nanoTime() - start > TIMEOUT_NANOS) {
          return;
        }
        if (System.nanoTime() - start > PATIENCE_NANOS) {
          console.end();
        }
        Thread.sleep(INTERVAL_MILLIS);
      }
      long ready = System.nanoTime();
      while (!rowsArrive() && System.nanoTime() - ready < ROWS_TIMEOUT_NANOS) {
        Thread.sleep(INTERVAL_MILLIS);
      }
      Thread.sleep(QUIET_MILLIS);
      console.end();
      out.print(text);
      out.flush();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean rowsArrive() {
    String answer = get(statistics);
    return answer != null && ROWS_STORED.matcher(answer).find();
  }

  /** Returns the answer's text, or null if there is no answer with status 200. */
  private static String get(URL url) {
    try {
      HttpURLConnection connection = (HttpURLConnection) url.openConnection();
      connection.setConnectTimeout(INTERVAL_MILLIS);
      connection.setReadTimeout(INTERVAL_MILLIS * 10);
      connection.setUseCaches(false);
      try {
        return connection.getResponseCode() == HttpURLConnection.HTTP_OK
            ? new String(connection.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
            : null;
      } finally {
        connection.disconnect();
      }
    } catch (IOException e) {
      return null;
    }
  }
}
