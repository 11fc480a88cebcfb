package dev.datapipeline.api;

import dev.datapipeline.http.Parameters;
import dev.datapipeline.storage.read.EventReader;
import dev.datapipeline.storage.read.RawEvent;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Writes and reads the parameter {@code after}: the last event of the previous page, as its
 * timestamp in microseconds and its id.
 */
final class EventCursor {
  private static final Pattern FORMAT = Pattern.compile("(-?\\d{1,18})-(\\d{1,18})");
  private static final long MICROS = 1_000_000L;

  private EventCursor() {}

  /** Returns the cursor of the page that follows an event. */
  static String after(RawEvent event) {
    Instant time = event.getTimestamp().toInstant();
    // not ChronoUnit.MICROS.between, which overflows 292 years away from 1970
    long micros = Math.multiplyExact(time.getEpochSecond(), MICROS) + time.getNano() / 1000;
    return micros + "-" + event.getId();
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
    if (!matcher.matches()) {
      throw Parameters.bad("after", "the value from the next link of a page", after);
    }
    return new EventReader.Position(
        time(Long.parseLong(matcher.group(1))), Long.parseLong(matcher.group(2)));
  }

  private static OffsetDateTime time(long micros) {
    return Instant.ofEpochSecond(
            Math.floorDiv(micros, MICROS), Math.floorMod(micros, MICROS) * 1000)
        .atOffset(ZoneOffset.UTC);
  }
}
