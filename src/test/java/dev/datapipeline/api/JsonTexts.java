package dev.datapipeline.api;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;

/** JSON documents in every spelling, and a parser that the application doesn't use. */
public final class JsonTexts {
  private static final JsonFactory PARSERS =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(Integer.MAX_VALUE)
                  .maxNumberLength(Integer.MAX_VALUE)
                  .maxNameLength(Integer.MAX_VALUE)
                  .build())
          .build();

  private JsonTexts() {}

  /** Returns documents, with white space between their tokens but not around them. */
  public static Arbitrary<String> documents() {
    return document(2);
  }

  private static Arbitrary<String> document(int depth) {
    Arbitrary<String> scalars =
        Arbitraries.oneOf(
            Arbitraries.of("null", "true", "false", "{}", "[ ]", "-0", "1.50e+3", "9E-999"),
            Arbitraries.strings().numeric().ofMinLength(1).ofMaxLength(40).map(d -> "1." + d),
            strings());
    if (depth == 0) {
      return scalars;
    }
    Arbitrary<String> inner = document(depth - 1);
    Arbitrary<String> arrays =
        Combinators.combine(inner.list().ofMinSize(1).ofMaxSize(3), space())
            .as((elements, space) -> "[" + space + String.join(space + ",", elements) + "]");
    Arbitrary<String> objects =
        Combinators.combine(strings(), inner, strings(), inner, space())
            .as(
                (name, value, other, otherValue, space) ->
                    "{%2$s%1$s:%2$s%3$s%2$s,%4$s:%5$s%2$s}"
                        .formatted(name, space, value, other, otherValue));
    return Arbitraries.oneOf(scalars, arrays, objects);
  }

  private static Arbitrary<String> strings() {
    return Arbitraries.oneOf(
            Arbitraries.of(
                "\\n",
                "\\\"",
                "\\\\",
                "\\/",
                "\\u0000",
                "\\uD83D\\uDE00",
                "\\ud800",
                "[",
                "}",
                ",",
                ":",
                "é",
                "\uD83D\uDE00",
                "\u2028",
                "\uFEFF"),
            Arbitraries.chars()
                .range(' ', '~')
                .filter(c -> c != '"' && c != '\\')
                .map(String::valueOf))
        .list()
        .ofMaxSize(6)
        .map(parts -> '"' + String.join("", parts) + '"');
  }

  /** Returns what may stand between two tokens. */
  public static Arbitrary<String> space() {
    return Arbitraries.strings().withChars(" \t\r\n".toCharArray()).ofMaxLength(3);
  }

  /**
   * Parses a document.
   *
   * @return its tokens as they are spelled
   * @throws IOException if it is not one JSON document
   */
  public static List<String> tokens(String text) throws IOException {
    List<String> tokens = new ArrayList<>();
    int depth = 0;
    try (JsonParser parser = PARSERS.createParser(text)) {
      for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
        if (depth == 0 && !tokens.isEmpty()) {
          throw new IOException("more than one document");
        }
        depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
        tokens.add(token + " " + parser.getText());
      }
    }
    if (tokens.isEmpty()) {
      throw new IOException("no document");
    }
    return tokens;
  }
}
