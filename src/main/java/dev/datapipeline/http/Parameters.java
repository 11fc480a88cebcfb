package dev.datapipeline.http;

import jakarta.ws.rs.core.Response.Status;
import java.time.DateTimeException;
import java.time.OffsetDateTime;

/** Reads query parameters. An invalid value ends the request with 400 and the reason. */
public final class Parameters {
  private static final int MAX_LENGTH = 10_000;
  private static final int MAX_SHOWN = 100;

  private Parameters() {}

  /**
   * Returns an exception that ends the request because of an invalid parameter.
   *
   * @param name the parameter's name
   * @param must completes the sentence "the parameter must be …"
   * @param value the invalid value
   * @return the exception, to be thrown
   */
  public static ProblemException bad(String name, String must, String value) {
    String shown = value.length() > MAX_SHOWN ? value.substring(0, MAX_SHOWN) + "…" : value;
    return Problem.of(Status.BAD_REQUEST, "%s must be %s, not '%s'".formatted(name, must, shown))
        .exception();
  }

  /**
   * Checks a text.
   *
   * @param name the parameter's name
   * @param value the parameter's value; null if it is missing
   * @return the value
   */
  public static String text(String name, String value) {
    if (value != null && (value.length() > MAX_LENGTH || value.indexOf('\0') >= 0)) {
      throw bad(name, "at most " + MAX_LENGTH + " characters without NUL", value);
    }
    return value;
  }

  /**
   * Reads a time in ISO 8601 with an offset.
   *
   * @param name the parameter's name
   * @param value the parameter's value; null if it is missing
   * @return the time; null if the parameter is missing
   */
  public static OffsetDateTime time(String name, String value) {
    if (value == null) {
      return null;
    }
    try {
      // a plus sign that the client did not encode arrives as a space
      return OffsetDateTime.parse(value.replace(' ', '+'));
    } catch (DateTimeException e) {
      throw bad(name, "a time such as 2026-01-15T10:00:00Z", value);
    }
  }

  /**
   * Reads a switch.
   *
   * @param name the parameter's name
   * @param value the parameter's value; null if it is missing
   * @return false if the parameter is missing
   */
  public static boolean flag(String name, String value) {
    return switch (value == null ? "false" : value) {
      case "true" -> true;
      case "false" -> false;
      default -> throw bad(name, "true or false", value);
    };
  }

  /**
   * Reads the parameter {@code limit}: the size of a page.
   *
   * @param value the parameter's value; null if it is missing
   * @param defaultLimit the size if the parameter is missing
   * @param max the largest size
   * @return 1 to {@code max}
   */
  public static int limit(String value, int defaultLimit, int max) {
    return (int) number("limit", value, defaultLimit, 1, max);
  }

  /**
   * Reads the id of a row.
   *
   * @param name the parameter's name
   * @param value the parameter's value
   * @return 0 or more
   */
  public static long id(String name, String value) {
    return number(name, value, 0, 0, Long.MAX_VALUE);
  }

  private static long number(String name, String value, long defaultValue, long min, long max) {
    if (value == null) {
      return defaultValue;
    }
    String must = "a whole number from %d to %d".formatted(min, max);
    long number;
    try {
      number = Long.parseLong(value);
    } catch (NumberFormatException e) {
      throw bad(name, must, value);
    }
    if (number < min || number > max) {
      throw bad(name, must, value);
    }
    return number;
  }
}
