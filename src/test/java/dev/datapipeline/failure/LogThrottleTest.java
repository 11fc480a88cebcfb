package dev.datapipeline.failure;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LogThrottleTest {
  private static final Duration INTERVAL = Duration.ofSeconds(10);

  private Instant now = Instant.EPOCH;
  private final LogThrottle throttle = new LogThrottle(INTERVAL, () -> now);

  private void advance(Duration time) {
    now = now.plus(time);
  }

  @Test
  void theFirstOccurrenceIsLoggedAtOnce() {
    assertThat(throttle.count(3)).hasValue(3);
  }

  @Test
  void occurrencesWithinTheIntervalAreLoggedTogetherAfterIt() {
    throttle.count(1);
    assertThat(throttle.count(2)).isEmpty();
    advance(INTERVAL);
    assertThat(throttle.count(3)).isEmpty();

    advance(Duration.ofMillis(1));

    assertThat(throttle.count(4)).hasValue(2 + 3 + 4);
    assertThat(throttle.count(5)).isEmpty();
  }

  @Test
  void aRepeatedMessageIsLoggedOncePerInterval() {
    assertThat(throttle.permits("no connection")).isTrue();
    assertThat(throttle.permits("no connection")).isFalse();

    advance(INTERVAL.plusMillis(1));

    assertThat(throttle.permits("no connection")).isTrue();
    assertThat(throttle.permits("no connection")).isFalse();
  }

  @Test
  void anotherMessageIsLoggedAtOnce() {
    throttle.permits("no connection");
    assertThat(throttle.permits("no such table")).isTrue();
    assertThat(throttle.permits("no connection")).isTrue();
  }

  @Test
  void ofThreadsThatReportTogetherOneLogs() {
    long lines =
        IntStream.range(0, 1000).parallel().filter(any -> throttle.count(1).isPresent()).count();
    assertThat(lines).isEqualTo(1);

    advance(INTERVAL.plusMillis(1));

    assertThat(throttle.count(0)).hasValue(999);
  }
}
