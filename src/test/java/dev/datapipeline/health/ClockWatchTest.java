package dev.datapipeline.health;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class ClockWatchTest {
  private Instant now = Instant.parse("2026-01-15T10:17:16.857Z");
  private Instant steady = Instant.EPOCH;
  private final ClockWatch watch = new ClockWatch(() -> now, () -> steady);

  private void pass(Duration time) {
    now = now.plus(time);
    steady = steady.plus(time);
  }

  @Test
  void aClockThatGoesOnIsNotSetBack() {
    pass(Duration.ofDays(1));
    assertThat(watch.setBack()).isEmpty();
  }

  @Test
  void aClockThatIsSetBackIsReportedOnce() {
    pass(Duration.ofSeconds(10));
    now = now.minus(Duration.ofDays(2));
    assertThat(watch.setBack()).hasValue(Duration.ofDays(2));
    pass(Duration.ofSeconds(10));
    assertThat(watch.setBack()).isEmpty();
  }

  @Test
  void aClockThatIsSetForwardOrCorrectedALittleIsNotReported() {
    now = now.plus(Duration.ofDays(1));
    assertThat(watch.setBack()).isEmpty();
    now = now.minusSeconds(2);
    assertThat(watch.setBack()).isEmpty();
  }
}
