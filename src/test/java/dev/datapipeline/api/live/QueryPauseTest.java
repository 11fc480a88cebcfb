package dev.datapipeline.api.live;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class QueryPauseTest {
  private long now = Long.MAX_VALUE - 100;
  private final QueryPause pause = new QueryPause(() -> now);

  @Test
  void queriesTakeAtMostATwentiethOfTheTime() {
    assertThat(pause.isOver()).isTrue();
    pause.runThenPause(() -> now += 10);

    assertThat(pause.isOver()).isFalse();
    now += 189;
    assertThat(pause.isOver()).isFalse();
    now += 1;
    assertThat(pause.isOver()).isTrue();
  }

  @Test
  void aSlowQueryDoesNotStopTheUpdatesForLong() {
    pause.runThenPause(() -> now += Duration.ofMinutes(1).toNanos());

    now += Duration.ofSeconds(30).toNanos() - 1;
    assertThat(pause.isOver()).isFalse();
    now += 1;
    assertThat(pause.isOver()).isTrue();
  }

  @Test
  void aPauseCanBeEndedEarly() {
    pause.runThenPause(() -> now += 1000);

    pause.end();

    assertThat(pause.isOver()).isTrue();
  }

  private void fail(Duration after) {
    assertThatIllegalStateException()
        .isThrownBy(
            () ->
                pause.runThenPause(
                    () -> {
                      now += after.toNanos();
                      throw new IllegalStateException("no database");
                    }));
  }

  @Test
  void aQueryThatFailsAtOnceIsNotRepeatedAtOnce() {
    fail(Duration.ZERO);

    assertThat(pause.isOver()).isFalse();
    now += Duration.ofSeconds(2).toNanos();
    assertThat(pause.isOver()).isTrue();
  }

  @Test
  void thePauseGrowsWithEachFailure() {
    for (int i = 0; i < 5; i++) {
      fail(Duration.ZERO);
    }

    now += Duration.ofSeconds(14).toNanos();
    assertThat(pause.isOver()).isFalse();
    now += Duration.ofSeconds(16).toNanos();
    assertThat(pause.isOver()).isTrue();
  }

  @Test
  void aQueryThatFailsSlowlyTakesAtMostATwentiethOfTheTime() {
    fail(Duration.ofSeconds(1));

    now += Duration.ofSeconds(19).toNanos() - 1;
    assertThat(pause.isOver()).isFalse();
    now += 1;
    assertThat(pause.isOver()).isTrue();
  }

  @Test
  void thePauseAfterAFailureCannotBeEndedEarly() {
    fail(Duration.ZERO);

    pause.end();

    assertThat(pause.isOver()).isFalse();
  }
}
