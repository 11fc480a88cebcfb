package dev.datapipeline.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The messages that the documents quote are those of the code. */
class DocumentedLogLinesTest {
  /** A shorter part of a message says too little. */
  private static final int MIN_LENGTH = 6;

  private static final String CODE = code();

  private static String code() {
    try (Stream<Path> main = Files.walk(Path.of("src/main/java"));
        Stream<Path> backends = Files.walk(Path.of("src/test/java/dev/datapipeline/backends"))) {
      return Stream.concat(
              Stream.concat(main, backends).filter(Files::isRegularFile),
              Stream.of(Path.of("pom.xml")))
          .map(DocumentedLogLinesTest::text)
          .collect(Collectors.joining("\n"))
          // a literal that continues on the next line, perhaps after .formatted(…) or a ternary
          .replaceAll("\"\\s*\\+\\s*\"", "");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<String> quoted(String table) {
    return Pattern.compile("(?m)^\\|((?: `[^`]+`,?)+) \\|")
        .matcher(table)
        .results()
        .flatMap(row -> Pattern.compile("`([^`]+)`").matcher(row.group(1)).results())
        .map(match -> match.group(1))
        .toList();
  }

  static List<String> messages() {
    String operations = text(Path.of("docs/operations.md"));
    MatchResult table =
        Pattern.compile("(?s)\\| line begins or contains \\|.*?\n\n")
            .matcher(operations)
            .results()
            .findFirst()
            .orElseThrow();
    return Stream.of(text(Path.of("docs/troubleshooting.md")), table.group())
        .flatMap(part -> quoted(part).stream())
        .toList();
  }

  /** What stands between three dots or digits is a value. */
  @ParameterizedTest
  @MethodSource("messages")
  void everyQuotedMessageIsInTheCode(String message) {
    List<String> parts =
        Stream.of(message.split("…|\\d{2,}|'"))
            .map(String::strip)
            .filter(part -> part.length() >= MIN_LENGTH)
            .toList();

    assertThat(parts).isNotEmpty();
    assertThat(parts).filteredOn(part -> !CODE.contains(part)).as("not in the code").isEmpty();
  }
}
