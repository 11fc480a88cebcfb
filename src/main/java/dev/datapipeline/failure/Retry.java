package dev.datapipeline.failure;

import java.time.Duration;
import java.util.concurrent.Callable;

/**
 * Repeats a step until it succeeds: soon after an outage, slowly after a defect, which someone has
 * to fix first. Not thread-safe.
 */
public final class Retry {
  private final Backoff outage;
  private final Backoff defect;

  /** Receives each failure before the pause. */
  @FunctionalInterface
  public interface Listener {
    /**
     * Handles a failed attempt.
     *
     * @param failure not null
     * @param pause time until the next attempt
     */
    void failed(Throwable failure, Duration pause);
  }

  /**
   * Creates a retry with its pauses.
   *
   * @param outage pauses after a {@link FailureKind#OUTAGE}
   * @param defect pauses after any other failure
   */
  public Retry(Backoff outage, Backoff defect) {
    this.outage = outage;
    this.defect = defect;
  }

  /**
   * Runs a step until it doesn't throw. An error such as {@link OutOfMemoryError} is a failure like
   * any other: the next attempt may succeed, and a thread that has ended would help nobody.
   *
   * @param step what to do
   * @param listener receives each failure
   * @return the step's result
   * @throws InterruptedException if the thread is interrupted, even if the step threw another
   *     exception because of that
   */
  public <T> T untilDone(Callable<T> step, Listener listener) throws InterruptedException {
    while (true) {
      try {
        T result = step.call();
        outage.reset();
        defect.reset();
        return result;
      } catch (InterruptedException e) {
        throw e;
      } catch (Throwable e) {
        if (Thread.currentThread().isInterrupted()) {
          throw new InterruptedException();
        }
        Duration pause = (FailureKind.of(e) == FailureKind.OUTAGE ? outage : defect).next();
        listener.failed(e, pause);
        Thread.sleep(pause.toMillis());
      }
    }
  }
}
