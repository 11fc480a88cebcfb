package dev.datapipeline.api.intake;

import jakarta.json.Json;
import jakarta.json.stream.JsonParser;
import jakarta.json.stream.JsonParser.Event;
import jakarta.json.stream.JsonParserFactory;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** Checks that bytes are one JSON document, and reads selected members of it. */
final class JsonCheck {
  private static final JsonParserFactory PARSERS = Json.createParserFactory(Map.of());

  /**
   * What the check found in a document.
   *
   * @param isObject whether the document is an object
   * @param texts the requested members whose values are strings; if a name is repeated, the last
   *     one
   */
  record Content(boolean isObject, Map<String, String> texts) {

    /** Returns the first of the named members that is a time in ISO 8601. */
    Optional<Instant> time(String... names) {
      return Stream.of(names).map(texts::get).flatMap(text -> parse(text).stream()).findFirst();
    }

    private static Optional<Instant> parse(String text) {
      try {
        return text == null
            ? Optional.empty()
            : Optional.of(OffsetDateTime.parse(text).toInstant());
      } catch (DateTimeException e) {
        // not an error: the member may be any string
        return Optional.empty();
      }
    }
  }

  private JsonCheck() {}

  /**
   * Checks a document.
   *
   * @param document the bytes
   * @param names the names of the members to read
   * @return what was found
   * @throws IllegalArgumentException if the bytes are not valid JSON; the message says why
   */
  static Content of(byte[] document, Set<String> names) {
    String text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(document)).toString();
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException("not UTF-8", e);
    }
    Map<String, String> texts = new HashMap<>();
    int depth = 0;
    try (JsonParser parser = PARSERS.createParser(new StringReader(text))) {
      Event first = null;
      String member = null;
      while (parser.hasNext()) {
        Event event = parser.next();
        first = first == null ? event : first;
        switch (event) {
          case START_OBJECT, START_ARRAY -> depth++;
          case END_OBJECT, END_ARRAY -> depth--;
          case KEY_NAME -> member = depth == 1 ? parser.getString() : null;
          case VALUE_STRING -> {
            if (depth == 1 && member != null && names.contains(member)) {
              texts.put(member, parser.getString());
            }
          }
          default -> {}
        }
      }
      return new Content(first == Event.START_OBJECT, texts);
    } catch (RuntimeException e) {
      // a JsonException, or what the parser throws if the document is nested too deeply
      throw new IllegalArgumentException(oneLine(e), e);
    }
  }

  private static String oneLine(RuntimeException e) {
    String message = String.valueOf(e.getMessage()).replaceAll("\\s+", " ");
    return message.length() > 200 ? message.substring(0, 200) + "…" : message;
  }
}
