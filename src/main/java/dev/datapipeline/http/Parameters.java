package dev.datapipeline.http;

import jakarta.ws.rs.core.Response.Status;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;

/** Reads query parameters; what cannot be used ends the request with 400 and says why. */
public final class Parameters {
  private static final int MAX_LENGTH = 10_000;

  private Parameters() {}

  public static ProblemException bad(String name, String must, String value) {
    String shown = value.length() > 100 ? value.substring(0, 100) + "…" : value;
    return Problem.of(Status.BAD_REQUEST, "%s must be %s, not '%s'".formatted(name, must, shown))
        .exception();
  }

  public static String text(String name, String value) {
    if (value != null && (value.length() > MAX_LENGTH || value.indexOf('\0') >= 0)) {
      throw bad(name, "at most " + MAX_LENGTH + " characters without NUL", value);
    }
    return value;
  }

  public static OffsetDateTime time(String name, String value) {
    if (value == null) {
      return null;
    }
    try {
      // a plus sign that nobody encoded has become a space
      return OffsetDateTime.parse(value.replace(' ', '+'));
    } catch (DateTimeException e) {
      throw bad(name, "a time such as 2026-01-15T10:00:00Z", value);
    }
  }

  public static int limit(String value, int standard, int max) {
    return (int) number("limit", value, standard, 1, max);
  }

  public static long number(String name, String value, long standard, long min, long max) {
    if (value == null) {
      return standard;
    }
    try {
      long number = Long.parseLong(value);
      if (number >= min && number <= max) {
        return number;
      }
    } catch (NumberFormatException e) {
      throw bad(name, "a whole number from %d to %d".formatted(min, max), value);
    }
    throw bad(name, "a whole number from %d to %d".formatted(min, max), value);
  }

  public static OffsetDateTime ofMicros(long micros) {
    return Instant.ofEpochSecond(
            Math.floorDiv(micros, 1_000_000L), Math.floorMod(micros, 1_000_000L) * 1000)
        .atOffset(ZoneOffset.UTC);
  }
}
