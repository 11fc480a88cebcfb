package dev.datapipeline.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import org.junit.jupiter.api.Test;

/** Moments as PostgreSQL counts them: microseconds since 2000. */
class BinaryCopyTest {

  @Test
  void momentsCountFromTheYear2000() {
    assertThat(micros("2000-01-01T00:00:00Z")).isZero();
    assertThat(micros("2000-01-01T00:00:00.001Z")).isEqualTo(1000);
    assertThat(micros("1999-12-31T23:59:59.999Z")).isEqualTo(-1000);
  }

  private static long micros(String moment) {
    return BinaryCopy.postgresMicros(Instant.parse(moment).toEpochMilli());
  }

  @Test
  void whatLiesBeyondTheLastMomentIsInfinity() {
    long last = 9_224_318_015_999_999L; // 294276-12-31 23:59:59.999
    assertThat(BinaryCopy.postgresMicros(last)).isEqualTo(9_223_371_331_199_999_000L);
    assertThat(BinaryCopy.postgresMicros(last + 1)).isEqualTo(Long.MAX_VALUE);
    assertThat(BinaryCopy.postgresMicros(Long.MAX_VALUE)).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void whatLiesBeforeTheFirstMomentIsMinusInfinity() {
    long first = -210_866_803_200_000L; // 4714-11-24 BC
    assertThat(BinaryCopy.postgresMicros(first)).isEqualTo(-211_813_488_000_000_000L);
    assertThat(BinaryCopy.postgresMicros(first - 1)).isEqualTo(Long.MIN_VALUE);
    assertThat(BinaryCopy.postgresMicros(Long.MIN_VALUE)).isEqualTo(Long.MIN_VALUE);
  }
}
