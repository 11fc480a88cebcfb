package dev.datapipeline.health;

import dev.datapipeline.failure.FailureText;
import dev.datapipeline.failure.SteadyClock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.Callable;

/**
 * Keeps the last answer to a question that may hang, so that readers never wait. Each run asks
 * once. Thread-safe.
 *
 * @param <T> the type of the answer
 */
final class Probe<T> implements Runnable {
  /** Time from one question to the next. */
  static final Duration INTERVAL = Duration.ofSeconds(2);

  /** An older answer counts as none, because the question seems to hang. */
  private static final Duration MAX_AGE = Duration.ofSeconds(6);

  private record Answer<T>(T value, String failure, Instant at) {}

  private final Callable<T> question;
  private volatile Answer<T> answer;
  private volatile Instant begunAt = SteadyClock.now();

  Probe(Callable<T> question) {
    this.question = question;
  }

  @Override
  public void run() {
    begunAt = SteadyClock.now();
    try {
      answer = new Answer<>(question.call(), null, SteadyClock.now());
    } catch (Throwable e) {
      T last = answer == null ? null : answer.value;
      answer = new Answer<>(last, FailureText.reason(e), SteadyClock.now());
      if (e instanceof InterruptedException) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Returns whether the last question was answered recently. */
  boolean isUp() {
    Answer<T> last = answer;
    return last != null && last.failure == null && !isStale();
  }

  private boolean isStale() {
    Answer<T> last = answer;
    Instant since = last == null ? begunAt : last.at;
    return Duration.between(since, SteadyClock.now()).compareTo(MAX_AGE) > 0;
  }

  /** Returns the last value, however old; null if there was none. */
  T value() {
    Answer<T> last = answer;
    return last == null ? null : last.value;
  }

  /** Returns the current failure; empty if the last question was answered. */
  Optional<String> failure() {
    if (isStale()) {
      return Optional.of(
          "no answer for %d s".formatted(Duration.between(begunAt, SteadyClock.now()).toSeconds()));
    }
    Answer<T> last = answer;
    return last == null ? Optional.empty() : Optional.ofNullable(last.failure);
  }
}
