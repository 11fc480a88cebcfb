package dev.datapipeline.storage.read;

import java.time.Instant;
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

  /**
   * {@code infinity}. The driver writes it as a {@code java.sql.Timestamp} of this time, which is
   * {@code PGStatement.DATE_POSITIVE_INFINITY}, and Jakarta Persistence converts that.
   */
  public static final OffsetDateTime INFINITY =
      Instant.ofEpochMilli(9_223_372_036_825_200_000L).atOffset(ZoneOffset.UTC);

  /** {@code -infinity}: {@code PGStatement.DATE_NEGATIVE_INFINITY}. */
  public static final OffsetDateTime MINUS_INFINITY =
      Instant.ofEpochMilli(-9_223_372_036_832_400_000L).atOffset(ZoneOffset.UTC);

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
   * @return true for every time that isn't possible
   */
  public static boolean isInfinite(OffsetDateTime time) {
    return !isPossible(time);
  }
}
