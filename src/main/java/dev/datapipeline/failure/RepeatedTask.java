package dev.datapipeline.failure;

import java.time.Duration;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * A task that a scheduler repeats. Logs what the task throws, errors such as {@link
 * OutOfMemoryError} too: a scheduler never again runs a task that has thrown. Thread-safe if the
 * task is.
 */
public final class RepeatedTask implements Runnable {
  private static final Logger LOG = Logger.getLogger(RepeatedTask.class.getName());
  private static final Duration REPORT_INTERVAL = Duration.ofSeconds(10);

  private final String name;
  private final Runnable task;
  private final LogThrottle throttle = new LogThrottle(REPORT_INTERVAL);

  /**
   * Creates a task.
   *
   * @param name what it does, for the log
   * @param task what to run
   */
  public RepeatedTask(String name, Runnable task) {
    this.name = name;
    this.task = task;
  }

  @Override
  public void run() {
    try {
      task.run();
    } catch (Throwable e) {
      FailureText.report(() -> log(e));
    }
  }

  private void log(Throwable e) {
    String reason = FailureText.reason(e);
    if (throttle.permits(reason)) {
      LOG.log(Level.WARNING, "{0} failed and is repeated: {1}", new Object[] {name, reason});
    }
  }
}
