package dev.datapipeline.api.live;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RateMeterTest {
  private static final long SECOND = 1_000_000_000;

  private final RateMeter meter = new RateMeter();

  @Test
  void theFirstReadingHasNoRate() {
    assertThat(meter.read(500, 10 * SECOND)).isEmpty();
  }

  @Test
  void theRateIsPerSecond() {
    meter.read(500, 10 * SECOND);

    assertThat(meter.read(600, 12 * SECOND)).hasValue(50);
    assertThat(meter.read(600, 13 * SECOND)).hasValue(0);
  }

  @Test
  void aReadingThatIsNotNewerKeepsTheRate() {
    meter.read(500, 10 * SECOND);
    meter.read(600, 12 * SECOND);

    assertThat(meter.read(600, 12 * SECOND)).hasValue(50);
    assertThat(meter.read(700, 13 * SECOND)).hasValue(100);
  }

  @Test
  void aCounterThatWasResetStandsStill() {
    meter.read(500, 10 * SECOND);

    assertThat(meter.read(3, 11 * SECOND)).hasValue(0);
    assertThat(meter.read(5, 12 * SECOND)).hasValue(2);
  }
}
