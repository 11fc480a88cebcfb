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

/** Whether bytes are one JSON document, and what its own members say that matters here. */
final class JsonCheck {
  private static final JsonParserFactory PARSERS = Json.createParserFactory(Map.of());

  /**
   * What was looked for.
   *
   * @param isObject whether the document is an object
   * @param texts its members of the names that were asked for, where they are texts; the last one
   *     of a name counts
   */
  record Content(boolean isObject, Map<String, String> texts) {

    /** Returns the first of the names that is a moment. */
    Optional<Instant> time(String... names) {
      for (String name : names) {
        try {
          String text = texts.get(name);
          if (text != null) {
            return Optional.of(OffsetDateTime.parse(text).toInstant());
          }
        } catch (DateTimeException e) {
          // any text may stand there
          continue;
        }
      }
      return Optional.empty();
    }
  }

  private JsonCheck() {}

  /**
   * Looks at a document.
   *
   * @param names of the members that are wanted
   * @throws IllegalArgumentException if it is no JSON; the message says why
   */
  static Content of(byte[] document, Set<String> names) {
    String text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(document)).toString();
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException("not UTF-8", e);
    }
    Map<String, String> texts = new HashMap<>();
    boolean object = false;
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
      object = first == Event.START_OBJECT;
    } catch (RuntimeException e) {
      // a JsonException, or what the parser throws of a document that is nested too deep
      throw new IllegalArgumentException(oneLine(e), e);
    }
    return new Content(object, texts);
  }

  private static String oneLine(RuntimeException e) {
    String message = String.valueOf(e.getMessage()).replaceAll("\\s+", " ");
    return message.length() > 200 ? message.substring(0, 200) + "…" : message;
  }
}
