package dev.datapipeline.api;

import dev.datapipeline.http.Parameters;
import dev.datapipeline.storage.read.EventReader;
import dev.datapipeline.storage.read.RawEvent;
import dev.datapipeline.storage.read.Timestamps;
import java.math.BigInteger;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Writes and reads the parameter {@code after}: the last event of the previous page, as its
 * timestamp in microseconds and its id. The timestamp may also be {@code infinity} or {@code
 * -infinity}.
 */
final class EventCursor {
  private static final Pattern FORMAT = Pattern.compile("(-?infinity|-?\\d{1,19})-(\\d{1,18})");
  private static final BigInteger MICROS = BigInteger.valueOf(1_000_000);

  private EventCursor() {}

  /** Returns the cursor of the page that follows an event. */
  static String after(RawEvent event) {
    OffsetDateTime time = event.getTimestamp();
    String text = Timestamps.isInfinite(time) ? RowFormat.time(time) : micros(time.toInstant());
    return text + "-" + event.getId();
  }

  /** Returns the microseconds since 1970. The last moments of timestamptz exceed a long. */
  private static String micros(Instant time) {
    return BigInteger.valueOf(time.getEpochSecond())
        .multiply(MICROS)
        .add(BigInteger.valueOf(time.getNano() / 1000))
        .toString();
  }

  /**
   * Reads a cursor.
   *
   * @param after the parameter's value; null if it is missing
   * @return null if the parameter is missing
   */
  static EventReader.Position parse(String after) {
    if (after == null) {
      return null;
    }
    Matcher matcher = FORMAT.matcher(after);
    OffsetDateTime time = matcher.matches() ? time(matcher.group(1)) : null;
    if (time == null) {
      throw Parameters.bad("after", "the value from the next link of a page", after);
    }
    return new EventReader.Position(time, Long.parseLong(matcher.group(2)));
  }

  /** Returns null if no event can have this timestamp. */
  private static OffsetDateTime time(String text) {
    if (text.endsWith("infinity")) {
      return text.startsWith("-") ? Timestamps.MINUS_INFINITY : Timestamps.INFINITY;
    }
    BigInteger micros = new BigInteger(text);
    BigInteger fraction = micros.mod(MICROS);
    OffsetDateTime time =
        Instant.ofEpochSecond(
                micros.subtract(fraction).divide(MICROS).longValue(), fraction.longValue() * 1000)
            .atOffset(ZoneOffset.UTC);
    return Timestamps.isPossible(time) ? time : null;
  }
}
