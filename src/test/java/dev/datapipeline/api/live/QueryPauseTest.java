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

  @Test
  void aQueryThatFailsBeginsNoPause() {
    assertThatIllegalStateException()
        .isThrownBy(
            () ->
                pause.runThenPause(
                    () -> {
                      now += 1000;
                      throw new IllegalStateException("no database");
                    }));

    assertThat(pause.isOver()).isTrue();
  }
}
