package dev.datapipeline.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * The settings in the code, in {@code microprofile-config.properties}, in {@code
 * docs/configuration.md}, in {@code .env.example} and in {@code docker-compose.yml} are the same,
 * and so are their defaults. The Ansible role takes its settings from {@code docker-compose.yml}.
 */
class DocumentedSettingsTest {
  private static final String DOCUMENTATION = text("docs/configuration.md");
  private static final String COMPOSE = text("docker-compose.yml");
  private static final String EXAMPLE = text(".env.example");

  /** A row that begins with a variable and a property, then the default. */
  private static final Pattern ROW =
      Pattern.compile("(?m)^\\| `([A-Z_]+)` \\| `([a-z]+(?:\\.[a-z]+)+)` \\| ([^|]*) \\|");

  /** Two prefixes whose settings exist for each source, and are documented once. */
  private static final Pattern OF_A_SOURCE = Pattern.compile("source\\.[a-z]+\\..*");

  /** The datasource in {@code server.xml} reads it. */
  private static final Set<String> NOT_IN_THE_APPLICATION = Set.of("DB_PASSWORD");

  private static String text(String file) {
    try {
      return Files.readString(Path.of(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Stream<MatchResult> matches(String regex, String text) {
    return Pattern.compile(regex).matcher(text).results();
  }

  private static Set<String> names(String regex, String text) {
    return matches(regex, text)
        .map(match -> match.group(1))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static Properties properties() throws IOException {
    Properties properties = new Properties();
    try (InputStream in =
        Files.newInputStream(
            Path.of("src/main/resources/META-INF/microprofile-config.properties"))) {
      properties.load(in);
    }
    return properties;
  }

  private static Map<String, String> defaults() throws IOException {
    Map<String, String> defaults = new TreeMap<>();
    properties()
        .forEach(
            (name, value) -> {
              if (!name.toString().startsWith("mp.")) {
                defaults.put(name.toString(), value.toString());
              }
            });
    return defaults;
  }

  private static String variable(String property) {
    return property.toUpperCase(Locale.ROOT).replace('.', '_');
  }

  private static Map<String, String> documented() {
    Map<String, String> documented = new LinkedHashMap<>();
    ROW.matcher(DOCUMENTATION)
        .results()
        .forEach(
            row -> {
              assertThat(row.group(1)).isEqualTo(variable(row.group(2)));
              documented.put(row.group(2), row.group(3));
            });
    return documented;
  }

  @Test
  void everySettingIsDocumentedWithItsDefault() throws IOException {
    Map<String, String> documented = documented();
    defaults()
        .forEach(
            (property, value) -> {
              if (OF_A_SOURCE.matcher(property).matches()) {
                return;
              }
              assertThat(documented).as("docs/configuration.md").containsKey(property);
              String cell = documented.get(property);
              if (value.isEmpty()) {
                assertThat(cell).as(property).startsWith("–");
              } else if (!value.contains("${")) {
                assertThat(cell).as(property).startsWith("`" + value + "`");
              }
            });
    assertThat(defaults().keySet()).as("properties").containsAll(documented.keySet());
  }

  @Test
  void theCodeReadsEverySettingAndNoOther() throws IOException {
    StringBuilder code = new StringBuilder();
    try (Stream<Path> files = Files.list(Path.of("src/main/java/dev/datapipeline/config"))) {
      files.sorted().forEach(file -> code.append(text(file.toString())));
    }
    Set<String> read = names("\"([A-Z]+(?:_[A-Z]+)+)\"", code.toString());
    for (String account : names("account\\(settings, \"([A-Z_]+)\"\\)", code.toString())) {
      read.remove(account);
      read.addAll(List.of(account + "_USER", account + "_PASSWORD"));
    }

    assertThat(read)
        .containsExactlyInAnyOrderElementsOf(
            defaults().keySet().stream()
                .filter(property -> !OF_A_SOURCE.matcher(property).matches())
                .map(DocumentedSettingsTest::variable)
                .toList());
  }

  @Test
  void composePassesEverySettingOn() throws IOException {
    Set<String> passed = names("(?m)^ {6}([A-Z_]+):", COMPOSE);

    assertThat(passed)
        .containsAll(defaults().keySet().stream().map(DocumentedSettingsTest::variable).toList())
        .containsAll(NOT_IN_THE_APPLICATION);
  }

  @Test
  void theExampleHasEverySetting() throws IOException {
    assertThat(names("(?m)^#([A-Za-z_]+)=", EXAMPLE))
        .containsAll(defaults().keySet().stream().map(DocumentedSettingsTest::variable).toList())
        .containsAll(names("\\$\\{([A-Z_]+)", COMPOSE));
  }

  @Test
  void theExampleHasNothingElse() {
    for (String name : names("(?m)^#([A-Za-z_]+)=", EXAMPLE)) {
      assertThat(COMPOSE)
          .as("docker-compose.yml")
          .containsPattern("(\\$\\{%1$s[:}]|(?m)^ {6}%1$s:)".formatted(name));
    }
  }

  @Test
  void everyVariableOfTheServerIsDocumented() {
    String documentation = DOCUMENTATION + text("docs/security.md");
    for (String name : names("<variable name=\"([A-Z_]+)\"", text("liberty/config/server.xml"))) {
      assertThat(documentation).contains("`" + name + "`");
    }
  }

  /** A row of the table of a channel is a property's name and its default. */
  @Test
  void theDefaultsOfTheChannelsAreDocumented() throws IOException {
    Properties properties = properties();
    int found = 0;
    for (String channel : List.of("outgoing.events-out", "incoming.events-in")) {
      String name = channel.substring(channel.indexOf('.') + 1);
      String table =
          matches("(?s)\\| `" + name + "` \\| default here.*?\n\n", DOCUMENTATION + "\n\n")
              .findFirst()
              .orElseThrow()
              .group();
      for (MatchResult row : matches("(?m)^\\| `([a-z.]+)` \\| `([^`]*)`", table).toList()) {
        assertThat(properties)
            .as("default of %s", row.group(1))
            .containsEntry("mp.messaging." + channel + "." + row.group(1), row.group(2));
        found++;
      }
    }
    assertThat(found).isGreaterThan(15);
  }

  @Test
  void everyOptionOfTheVirtualMachineIsDocumented() {
    text("liberty/config/jvm.options")
        .lines()
        .filter(line -> line.startsWith("-"))
        .forEach(option -> assertThat(DOCUMENTATION).contains("`" + option + "`"));
  }

  /** The line that lists the settings at startup shows the components of the records. */
  @Test
  void theStartLineIsDocumentedWithEverySetting() throws ClassNotFoundException {
    String line =
        matches("(?m)^datapipeline is starting: .*$", DOCUMENTATION)
            .findFirst()
            .orElseThrow()
            .group();
    List<MatchResult> records = matches("(\\w+Config)\\[", line).toList();
    assertThat(records).hasSizeGreaterThan(6);
    for (MatchResult shown : records) {
      Class<?> type = Class.forName("dev.datapipeline.config." + shown.group(1));
      String rest = line.substring(shown.end());
      for (RecordComponent component : type.getRecordComponents()) {
        int at = rest.indexOf(component.getName() + "=");
        assertThat(at).as("%s of %s", component.getName(), shown.group(1)).isNotNegative();
        rest = rest.substring(at);
      }
    }
    long migrations =
        Stream.of(Path.of("sql").toFile().list()).filter(name -> name.matches("V\\d.*")).count();
    assertThat(DOCUMENTATION).contains("was updated with %d migrations".formatted(migrations));
  }
}
