package dev.datapipeline.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonReader;
import jakarta.json.JsonString;
import jakarta.json.JsonValue;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The dashboard's texts are in its files of texts, in each language, and nowhere else. */
class DashboardTextsTest {
  private static final Path PAGE = Path.of("src/main/webapp/index.html");
  private static final Path SCRIPTS = Path.of("src/main/webapp/dashboard");

  /** Names that are the same in every language. */
  private static final Set<String> NAMES =
      Set.of("datapipeline", "Kafka", "PostgreSQL", "English", "Français");

  /** What a text of the page can't be: code, an address, a name in the API or in CSS. */
  private static final Pattern WORDS = Pattern.compile("\\p{L}{2,}[,.:]? \\p{L}{2,}");

  private static final Set<String> NO_TEXTS =
      Set.of(
          "system-ui, \"DejaVu Sans\", sans-serif",
          "(prefers-color-scheme: dark)",
          "topic deleted");

  private static JsonObject texts(String language) throws IOException {
    try (JsonReader reader =
        Json.createReader(
            Files.newBufferedReader(SCRIPTS.resolve("texts/" + language + ".json")))) {
      return reader.readObject();
    }
  }

  private static List<String> scripts() throws IOException {
    try (Stream<Path> files = Files.list(SCRIPTS)) {
      List<String> scripts = new ArrayList<>();
      for (Path file : files.filter(path -> path.toString().endsWith(".js")).toList()) {
        scripts.add(Files.readString(file).replaceAll("(?m)^\\s*(//|/?\\*).*$", ""));
      }
      assertThat(scripts).hasSizeGreaterThan(5);
      return scripts;
    }
  }

  private static Set<String> found(String text, String pattern) {
    return Pattern.compile(pattern)
        .matcher(text)
        .results()
        .map(match -> match.group(1))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  @Test
  void eachTextIsThereInEachLanguage() throws IOException {
    assertThat(texts("fr").keySet()).containsExactlyElementsOf(texts("en").keySet());
  }

  @Test
  void eachTranslationHasTheSameValuesAndCode() throws IOException {
    JsonObject english = texts("en");
    texts("fr")
        .forEach(
            (key, french) -> {
              for (String form : forms(french)) {
                assertThat(found(form, "(\\{\\w+\\}|`[^`]+`)"))
                    .as(key)
                    .isIn(
                        forms(english.get(key)).stream()
                            .map(text -> found(text, "(\\{\\w+\\}|`[^`]+`)"))
                            .toList());
              }
            });
  }

  private static List<String> forms(JsonValue text) {
    return text instanceof JsonString string
        ? List.of(string.getString())
        : text.asJsonObject().values().stream()
            .map(form -> ((JsonString) form).getString())
            .toList();
  }

  @Test
  void eachTextIsUsedAndEachUsedTextIsThere() throws IOException {
    String code = String.join("\n", scripts());
    String page = Files.readString(PAGE);
    Set<String> named = found(page, "data-(?:text|label|hint)=\"([^\"]+)\"");
    named.addAll(found(code, "\\btext\\('([^']+)'"));
    Set<String> keys = texts("en").keySet();
    assertThat(keys).containsAll(named);
    // a key may also be chosen by a condition or be in a table
    named.addAll(found(code, "'([a-z]\\w*\\.\\w+)'"));
    assertThat(named).containsAll(keys);
  }

  @Test
  void thePageHoldsNoText() throws IOException {
    String page = Files.readString(PAGE).replaceAll("(?s)<noscript>.*?</noscript>", "");
    assertThat(page).doesNotContain("aria-label=", "title=\"");
    assertThat(
            Pattern.compile(">([^<>]*\\p{L}[^<>]*)<")
                .matcher(page)
                .results()
                .map(match -> match.group(1).replace("&nbsp;", "").strip())
                .filter(text -> !text.isEmpty())
                .collect(Collectors.toSet()))
        .isSubsetOf(NAMES);
  }

  @Test
  void noScriptHoldsAText() throws IOException {
    Pattern literals = Pattern.compile("'((?:[^'\\\\\n]|\\\\.)*)'|`((?:[^`\\\\]|\\\\.)*)`");
    for (String script : scripts()) {
      List<String> words =
          literals
              .matcher(script)
              .results()
              .map(DashboardTextsTest::literal)
              .filter(WORDS.asPredicate())
              .filter(literal -> NO_TEXTS.stream().noneMatch(literal::contains))
              .toList();
      assertThat(words).isEmpty();
      assertThat(found(script, "(?:textContent|placeholder|title|'aria-label'): '([^']*)'"))
          .isEmpty();
      assertThat(found(script, "(?:setText\\([^,]+, |announce\\(|Error\\()'([^']+)'")).isEmpty();
    }
  }

  private static String literal(MatchResult match) {
    String literal = match.group(1) == null ? match.group(2) : match.group(1);
    return literal.replaceAll("\\$\\{[^}]*}", "");
  }
}
