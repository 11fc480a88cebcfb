package dev.datapipeline.api;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Represents a path to one value of a JSON document in the syntax of RFC 9535: {@code $.a.b[0]['c
 * d']}. The leading {@code $.} is optional.
 *
 * @param steps the names of members and the indexes of elements, outermost first
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
   * Parses a path.
   *
   * @throws IllegalArgumentException if the text is not a path; the message shows the position
   */
  static JsonPath parse(String text) {
    String path =
        text.startsWith("$") ? text.substring(1) : text.startsWith("[") ? text : "." + text;
    Matcher matcher = STEP.matcher(path);
    List<String> steps = new ArrayList<>();
    int end = 0;
    while (end < path.length()) {
      if (!matcher.find(end) || matcher.start() != end || steps.size() == MAX_STEPS) {
        throw new IllegalArgumentException("invalid path at '" + path.substring(end) + "'");
      }
      steps.add(step(matcher));
      end = matcher.end();
    }
    return new JsonPath(List.copyOf(steps));
  }

  private static String step(Matcher matcher) {
    if (matcher.group("name") != null) {
      return matcher.group("name");
    }
    if (matcher.group("index") != null) {
      return matcher.group("index");
    }
    String quoted =
        matcher.group("single") == null ? matcher.group("dual") : matcher.group("single");
    return quoted.replaceAll("\\\\(.)", "$1");
  }

  /** Returns the path as a literal of PostgreSQL's type {@code text[]}. */
  String asTextArray() {
    return steps.stream()
        .map(step -> '"' + step.replace("\\", "\\\\").replace("\"", "\\\"") + '"')
        .collect(Collectors.joining(",", "{", "}"));
  }
}
