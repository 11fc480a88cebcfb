package dev.datapipeline.storage.read;

import java.time.OffsetDateTime;
import java.time.ZoneOffset;

/** The values that PostgreSQL's {@code timestamptz} can have. */
public final class Timestamps {
  /** The earliest finite value. */
  static final OffsetDateTime EARLIEST =
      OffsetDateTime.of(-4713, 11, 24, 0, 0, 0, 0, ZoneOffset.UTC);

  /** The latest finite value. */
  static final OffsetDateTime LATEST =
      OffsetDateTime.of(294_276, 12, 31, 23, 59, 59, 999_999_000, ZoneOffset.UTC);

  private Timestamps() {}

  /**
   * Returns whether a time is within the range of finite values. A statement with another one
   * fails.
   *
   * @param time not null
   * @return false before 4714-11-24 BC and after the year 294276
   */
  public static boolean isPossible(OffsetDateTime time) {
    return !time.isBefore(EARLIEST) && !time.isAfter(LATEST);
  }

  /**
   * Returns whether a time is {@code infinity} or {@code -infinity}, which can't be calculated
   * with.
   *
   * @param time not null
   * @return true for {@link OffsetDateTime#MAX} and {@link OffsetDateTime#MIN}
   */
  public static boolean isInfinite(OffsetDateTime time) {
    return time.isEqual(OffsetDateTime.MAX) || time.isEqual(OffsetDateTime.MIN);
  }
}
