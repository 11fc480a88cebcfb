package dev.datapipeline.architecture;

import static java.util.function.Predicate.not;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Checks what can be checked of the Markdown files without running their commands. */
class DocumentationTest {
  private static final int README_LINES = 150;

  private static final Path FRENCH = Path.of("docs/fr");

  private static final Pattern SHELL_BLOCK = Pattern.compile("(?s)```sh\n(.*?)```");
  private static final Pattern LINK = Pattern.compile("\\]\\(([^)\\s]+)\\)");
  private static final Pattern HEADING = Pattern.compile("#+ (.*)");
  private static final Pattern TESTED = Pattern.compile("<!-- test: (.+) -->");
  private static final Pattern NOT_RUN = Pattern.compile("<!-- not run: .+ -->");

  private static List<Path> documents() throws IOException {
    List<Path> documents = new ArrayList<>(List.of(Path.of("README.md"), Path.of("CHANGELOG.md")));
    for (String directory : List.of("docs", "ansible")) {
      try (Stream<Path> files = Files.walk(Path.of(directory))) {
        files.filter(file -> file.toString().endsWith(".md")).sorted().forEach(documents::add);
      }
    }
    return documents;
  }

  @Test
  void everyLinkLeadsSomewhere() throws IOException {
    List<String> broken = new ArrayList<>();
    for (Path document : documents()) {
      for (String line : prose(document)) {
        LINK.matcher(line)
            .results()
            .map(link -> link.group(1))
            .filter(not(link -> link.contains(":")))
            .filter(not(link -> leadsSomewhere(document, link)))
            .forEach(link -> broken.add(document + ": " + link));
      }
    }

    assertThat(broken).isEmpty();
  }

  private static boolean leadsSomewhere(Path document, String link) {
    int hash = link.indexOf('#');
    String file = hash < 0 ? link : link.substring(0, hash);
    Path target = file.isEmpty() ? document : document.resolveSibling(file).normalize();
    return Files.exists(target) && (hash < 0 || anchors(target).contains(link.substring(hash + 1)));
  }

  /** Returns the anchors that GitHub gives to headings. */
  private static Set<String> anchors(Path document) {
    Set<String> anchors = new HashSet<>();
    Map<String, Integer> used = new HashMap<>();
    for (String line : prose(document)) {
      Matcher heading = HEADING.matcher(line);
      if (heading.matches()) {
        String anchor =
            heading
                .group(1)
                .toLowerCase(Locale.ROOT)
                .replaceAll("[^\\p{L}\\p{N} _-]", "")
                .replace(' ', '-');
        int before = used.merge(anchor, 1, Integer::sum) - 1;
        anchors.add(before == 0 ? anchor : anchor + "-" + before);
      }
    }
    return anchors;
  }

  /** Returns the lines outside of code blocks. */
  private static List<String> prose(Path document) {
    List<String> lines = new ArrayList<>();
    boolean code = false;
    for (String line : lines(document)) {
      if (line.startsWith("```")) {
        code = !code;
      } else if (!code) {
        lines.add(line);
      }
    }
    return lines;
  }

  private static List<String> lines(Path document) {
    try {
      return Files.readAllLines(document);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void theFrenchPagesHaveTheCommandsOfTheEnglishOnes() throws IOException {
    Set<String> english = new HashSet<>();
    Set<String> french = new HashSet<>();
    for (Path document : documents()) {
      (isFrench(document) ? french : english).addAll(shellBlocks(document));
    }

    assertThat(french).isNotEmpty();
    assertThat(english).containsAll(french);
  }

  private static boolean isFrench(Path document) {
    return document.startsWith(FRENCH);
  }

  private static List<String> shellBlocks(Path document) {
    return SHELL_BLOCK
        .matcher(String.join("\n", lines(document)))
        .results()
        .map(block -> block.group(1))
        .toList();
  }

  @Test
  void everyShellBlockIsRunOrSaysWhyNot() throws IOException {
    String tests = shellTests();
    List<String> unmarked = new ArrayList<>();
    for (Path document : documents().stream().filter(not(DocumentationTest::isFrench)).toList()) {
      String before = "";
      for (String line : lines(document)) {
        if (line.equals("```sh") && !isMarked(before, tests)) {
          unmarked.add("%s: %s".formatted(document, before));
        }
        before = line;
      }
    }

    assertThat(unmarked).as("no marker, or one that no test uses").isEmpty();
  }

  private static boolean isMarked(String marker, String tests) {
    Matcher tested = TESTED.matcher(marker);
    return tested.matches()
        ? Pattern.compile("(?m)[ '\"]" + Pattern.quote(tested.group(1)) + "(?=['\" |;)]|$)")
            .matcher(tests)
            .find()
        : NOT_RUN.matcher(marker).matches();
  }

  private static String shellTests() throws IOException {
    try (Stream<Path> files = Files.walk(Path.of("src/test"))) {
      return files
          .filter(file -> file.toString().endsWith("-test.sh"))
          .map(DocumentationTest::lines)
          .flatMap(List::stream)
          .filter(not(line -> line.startsWith("#")))
          .collect(Collectors.joining("\n"));
    }
  }

  @Test
  void noShellBlockHasAnotherName() throws IOException {
    assertThat(documents())
        .allSatisfy(
            document ->
                assertThat(lines(document)).doesNotContain("```bash", "```shell", "```console"));
  }

  @Test
  void markersAreUnambiguous() throws IOException {
    List<String> markers = new ArrayList<>();
    for (Path document : documents()) {
      lines(document).stream()
          .map(TESTED::matcher)
          .filter(Matcher::matches)
          .map(MatchResult::group)
          .forEach(markers::add);
    }

    assertThat(markers).doesNotHaveDuplicates().isNotEmpty();
  }

  @Test
  void theReadmeIsShort() {
    assertThat(lines(Path.of("README.md"))).hasSizeLessThanOrEqualTo(README_LINES);
  }
}
