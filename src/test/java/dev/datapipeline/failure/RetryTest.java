package dev.datapipeline.failure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.LinkedList;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;

class RetryTest {
  private static final Exception OUTAGE = new SQLException("away", "08006");
  private static final Exception DEFECT = new SQLException("no such table", "42P01");

  private final Retry retry =
      new Retry(
          new Backoff(Duration.ofMillis(2), Duration.ofMillis(4)),
          new Backoff(Duration.ofMillis(20), Duration.ofMillis(40)));
  private final List<Throwable> failures = new ArrayList<>();
  private final List<Duration> pauses = new ArrayList<>();

  private void report(Throwable failure, Duration pause) {
    failures.add(failure);
    pauses.add(pause);
  }

  /** A step that fails in these ways, one after the other, and then succeeds. */
  private static Callable<String> failing(Throwable... failures) {
    Deque<Throwable> left = new LinkedList<>(Arrays.asList(failures));
    return () -> {
      if (!left.isEmpty()) {
        Throwable failure = left.remove();
        if (failure instanceof Error e) {
          throw e;
        }
        throw (Exception) failure;
      }
      return "done";
    };
  }

  @Test
  void aStepIsRepeatedUntilItSucceeds() throws InterruptedException {
    assertThat(retry.untilDone(failing(OUTAGE, DEFECT, OUTAGE), this::report)).isEqualTo("done");

    assertThat(failures).containsExactly(OUTAGE, DEFECT, OUTAGE);
  }

  @Test
  void anOutageIsRetriedSoonerThanADefect() throws InterruptedException {
    retry.untilDone(failing(OUTAGE, DEFECT), this::report);

    assertThat(pauses.get(0)).isBetween(Duration.ofMillis(1), Duration.ofMillis(2));
    assertThat(pauses.get(1)).isBetween(Duration.ofMillis(10), Duration.ofMillis(20));
  }

  @Test
  void pausesGrowAndStartAgainAfterASuccess() throws InterruptedException {
    retry.untilDone(failing(DEFECT, DEFECT, DEFECT), this::report);
    retry.untilDone(failing(DEFECT), this::report);

    assertThat(pauses.get(2)).isGreaterThanOrEqualTo(Duration.ofMillis(20));
    assertThat(pauses.get(3)).isLessThanOrEqualTo(Duration.ofMillis(20));
  }

  @Test
  void anErrorIsRetriedLikeADefect() throws InterruptedException {
    OutOfMemoryError error = new OutOfMemoryError("Java heap space");

    assertThat(retry.untilDone(failing(error), this::report)).isEqualTo("done");

    assertThat(failures).containsExactly(error);
    assertThat(pauses.get(0)).isGreaterThanOrEqualTo(Duration.ofMillis(10));
  }

  @Test
  void anInterruptEndsTheRetries() {
    assertThatThrownBy(
            () ->
                retry.untilDone(
                    () -> {
                      Thread.currentThread().interrupt();
                      throw new IllegalStateException("interrupted");
                    },
                    this::report))
        .isInstanceOf(InterruptedException.class);
    assertThat(failures).isEmpty();
    Thread.interrupted();
  }
}
