package dev.datapipeline.api;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A path to one place of a JSON document, as RFC 9535 writes it: {@code $.a.b[0]['c d']}. The
 * leading {@code $.} may be left out.
 *
 * @param steps names of members and numbers of elements, from the outermost
 */
record JsonPath(List<String> steps) {
  private static final int MAX_STEPS = 100;

  private static final Pattern STEP =
      Pattern.compile(
          "\\.(?<name>[^.\\[\\]'\"\\s]++)"
              + "|\\[(?<index>-?\\d{1,9})]"
              + "|\\['(?<single>(?:[^'\\\\]|\\\\.)*+)']"
              + "|\\[\"(?<dual>(?:[^\"\\\\]|\\\\.)*+)\"]");

  /**
   * Reads a path.
   *
   * @throws IllegalArgumentException if it is none; the message says where
   */
  static JsonPath parse(String text) {
    String path =
        text.startsWith("$") ? text.substring(1) : text.startsWith("[") ? text : "." + text;
    Matcher matcher = STEP.matcher(path);
    List<String> steps = new ArrayList<>();
    int end = 0;
    while (end < path.length()) {
      if (!matcher.find(end) || matcher.start() != end || steps.size() == MAX_STEPS) {
        throw new IllegalArgumentException("not understood from '" + path.substring(end) + "' on");
      }
      steps.add(step(matcher));
      end = matcher.end();
    }
    return new JsonPath(List.copyOf(steps));
  }

  private static String step(Matcher matcher) {
    for (String plain : new String[] {"name", "index"}) {
      if (matcher.group(plain) != null) {
        return matcher.group(plain);
      }
    }
    String quoted = matcher.group("single");
    return (quoted == null ? matcher.group("dual") : quoted).replaceAll("\\\\(.)", "$1");
  }

  /** Returns the path as PostgreSQL writes a {@code text[]}. */
  String asTextArray() {
    return steps.stream()
        .map(step -> '"' + step.replace("\\", "\\\\").replace("\"", "\\\"") + '"')
        .collect(Collectors.joining(",", "{", "}"));
  }
}
