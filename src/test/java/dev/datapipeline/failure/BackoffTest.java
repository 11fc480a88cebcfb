package dev.datapipeline.failure;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class BackoffTest {
  private final Backoff backoff = new Backoff(Duration.ofMillis(100), Duration.ofMillis(1500));

  private void assertPauses(long... millis) {
    for (long pause : millis) {
      assertThat(backoff.next()).isBetween(Duration.ofMillis(pause / 2), Duration.ofMillis(pause));
    }
  }

  @Test
  void pausesDoubleUpToTheirBound() {
    assertPauses(100, 200, 400, 800, 1500, 1500, 1500);
  }

  @Test
  void aSuccessBeginsAnew() {
    assertPauses(100, 200, 400);
    backoff.reset();
    assertPauses(100, 200);
  }
}
