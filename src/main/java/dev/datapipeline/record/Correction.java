package dev.datapipeline.record;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;

/**
 * Says in a record's header which dead letter the record corrects.
 *
 * @param deadLetter the id of the dead letter
 * @param token what the dead letter expects; whoever doesn't know it can't mark a dead letter
 */
public record Correction(long deadLetter, UUID token) {
  /** The name of the header. */
  public static final String HEADER = "datapipeline-replay-of";

  private static final Pattern FORMAT =
      Pattern.compile("(\\d{1,18}) (\\p{XDigit}{8}(?:-\\p{XDigit}{4}){3}-\\p{XDigit}{12})");

  /**
   * Returns the header's value.
   *
   * @return the id and the token as text
   */
  public byte[] toBytes() {
    return (deadLetter + " " + token).getBytes(StandardCharsets.US_ASCII);
  }

  /**
   * Reads the header.
   *
   * @param headers the record's headers
   * @return empty if there is none, or if it isn't well-formed
   */
  public static Optional<Correction> of(Headers headers) {
    Header header = headers.lastHeader(HEADER);
    if (header == null || header.value() == null) {
      return Optional.empty();
    }
    Matcher matcher = FORMAT.matcher(new String(header.value(), StandardCharsets.ISO_8859_1));
    return matcher.matches()
        ? Optional.of(
            new Correction(Long.parseLong(matcher.group(1)), UUID.fromString(matcher.group(2))))
        : Optional.empty();
  }
}
