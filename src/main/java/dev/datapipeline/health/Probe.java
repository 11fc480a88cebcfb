package dev.datapipeline.health;

import dev.datapipeline.failure.FailureText;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Callable;

/**
 * Asks something that may hang, again and again, so that whoever wants the answer gets the last one
 * at once. Thread-safe.
 *
 * @param <T> what is asked for
 */
final class Probe<T> implements Runnable {
  /** From one question to the next. */
  static final Duration INTERVAL = Duration.ofSeconds(2);

  /** An answer that is older is none: the question hangs. */
  private static final Duration MAX_AGE = Duration.ofSeconds(6);

  private record Answer<T>(T value, String failure, Instant at) {}

  private final Callable<T> question;
  private volatile Answer<T> answer;
  private volatile String lastFailure;
  private volatile Instant begunAt = Instant.now();

  Probe(Callable<T> question) {
    this.question = question;
  }

  @Override
  public void run() {
    begunAt = Instant.now();
    try {
      answer = new Answer<>(question.call(), null, Instant.now());
    } catch (Exception e) {
      lastFailure = FailureText.reason(e);
      T last = answer == null ? null : answer.value;
      answer = new Answer<>(last, lastFailure, Instant.now());
      if (e instanceof InterruptedException) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Returns whether the last question was answered, and not long ago. */
  boolean isUp() {
    Answer<T> last = answer;
    return last != null && last.failure == null && !isStale();
  }

  /** Returns whether the question hangs. */
  boolean isStale() {
    Answer<T> last = answer;
    Instant since = last == null ? begunAt : last.at;
    return Duration.between(since, Instant.now()).compareTo(MAX_AGE) > 0;
  }

  /** Returns the last value, however old; null if there was none. */
  T value() {
    Answer<T> last = answer;
    return last == null ? null : last.value;
  }

  /** Returns what is wrong now, or was wrong last; null if nothing ever was. */
  String lastFailure() {
    return isStale()
        ? "no answer for %d s".formatted(Duration.between(begunAt, Instant.now()).toSeconds())
        : lastFailure;
  }
}
