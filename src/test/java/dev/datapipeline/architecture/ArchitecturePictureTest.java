package dev.datapipeline.architecture;

import static java.util.function.Predicate.not;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Compares what the documentation says about packages and classes with the code. */
class ArchitecturePictureTest {
  private static final Path ARCHITECTURE = Path.of("docs/architecture.md");
  private static final Path CONTRIBUTING = Path.of("docs/CONTRIBUTING.md");

  private static final Pattern ROW =
      Pattern.compile("(?m)^\\| (`[a-z.]+`(?:, `[a-z.]+`)*) \\|(.*)$");

  /** Two words at least: PostgreSQL and Kafka are no classes. */
  private static final String CLASS = "[A-Z][a-z]+(?:[A-Z][a-z]+)+";

  private static final Pattern CLASS_IN_CODE = Pattern.compile("`(" + CLASS + ")`");
  private static final Pattern MEMBER =
      Pattern.compile("`((?:[a-z]+\\.)+)?(" + CLASS + "|Lane|Access)\\.([a-z]\\w*)`");

  private static final Pattern SUBGRAPH = Pattern.compile("subgraph (\\w+)(?:\\[\"([a-z.]+)\"])?");
  private static final Pattern NODE = Pattern.compile("(\\w+)\\[\"(\\w+)[^\"]*\"]");
  private static final Pattern ARROW =
      Pattern.compile("(?: -- \"[^\"]*\")? -->|(?: -\\. \"[^\"]*\" \\.->)| -\\.-> ");
  private static final Pattern CHANNEL = Pattern.compile("\"events-(in|out)\"");
  private static final Pattern PARTICIPANT = Pattern.compile("participant (\\w+) as (\\w+)");
  private static final Pattern MESSAGE = Pattern.compile("(\\w+)--?>>(\\w+): .*");

  // packages

  @Test
  void thePictureOfThePackagesShowsWhoUsesWhom() throws IOException {
    Set<String> shown =
        pictureLines("Packages").stream()
            .filter(line -> line.contains(" --> "))
            .collect(Collectors.toCollection(TreeSet::new));

    // with every arrow that others imply, nobody could read it
    assertThat(shown).isEqualTo(withoutImplied(packageUses()));
  }

  private static Map<String, Set<String>> packageUses() {
    Map<String, Set<String>> uses = new HashMap<>();
    for (JavaClass type : ArchitectureTest.CLASSES) {
      ownDependencies(type)
          .map(ArchitecturePictureTest::layer)
          .filter(layer -> !layer.equals(layer(type)) && !layer(type).isEmpty())
          .forEach(layer -> uses.computeIfAbsent(layer(type), any -> new HashSet<>()).add(layer));
    }
    return uses;
  }

  private static Set<String> withoutImplied(Map<String, Set<String>> uses) {
    Set<String> arrows = new TreeSet<>();
    uses.forEach(
        (user, used) ->
            used.stream()
                .filter(layer -> used.stream().noneMatch(other -> leadsTo(uses, other, layer)))
                .forEach(layer -> arrows.add(user + " --> " + layer)));
    return arrows;
  }

  private static boolean leadsTo(Map<String, Set<String>> uses, String from, String to) {
    return uses.getOrDefault(from, Set.of()).stream()
        .anyMatch(next -> next.equals(to) || leadsTo(uses, next, to));
  }

  @Test
  void theTablesListThePackagesFromTheBottomUpWithTheirClasses() throws IOException {
    for (String text :
        List.of(section(ARCHITECTURE, "Packages"), section(CONTRIBUTING, "Package map"))) {
      List<String> layers = new ArrayList<>();
      for (MatchResult row : ROW.matcher(text).results().toList()) {
        List<String> ofRow = List.of(row.group(1).replace("`", "").split(", "));
        layers.addAll(ofRow);
        CLASS_IN_CODE
            .matcher(row.group(2))
            .results()
            .map(name -> name.group(1))
            .forEach(name -> assertThat(ofRow).as(name).contains(layer(ownClass(name))));
      }
      assertThat(layers).isEqualTo(ArchitectureTest.LAYERS);
    }
  }

  // classes

  @Test
  void everyClassAndMethodThatIsNamedExists() throws IOException {
    Set<String> known =
        ArchitectureTest.CLASSES.stream()
            .flatMap(
                type ->
                    Stream.concat(
                        Stream.of(type),
                        type.getDirectDependenciesFromSelf().stream()
                            .map(Dependency::getTargetClass)))
            .map(JavaClass::getSimpleName)
            .collect(Collectors.toSet());
    String text = Files.readString(ARCHITECTURE);

    assertThat(CLASS_IN_CODE.matcher(text).results().map(name -> name.group(1)))
        .filteredOn(not(name -> known.contains(name) || name.matches(".*(Error|Exception)")))
        .isEmpty();
    assertThat(MEMBER.matcher(text).results())
        .isNotEmpty()
        .allSatisfy(
            member -> {
              JavaClass type = ownClass(member.group(2));
              if (member.group(1) != null) {
                assertThat(layer(type) + ".").isEqualTo(member.group(1));
              }
              assertThat(type.getMethods()).extracting("name").contains(member.group(3));
            });
  }

  @Test
  void thePictureOfTheDataFlowShowsClassesInTheirPackagesAndWhatBelongsTogether()
      throws IOException {
    Map<String, JavaClass> nodes = new HashMap<>();
    String layer = "";
    for (String line : pictureLines("Data flow")) {
      Matcher subgraph = SUBGRAPH.matcher(line);
      if (subgraph.matches()) {
        layer = Optional.ofNullable(subgraph.group(2)).orElse(subgraph.group(1));
      }
      String text = subgraph.matches() ? "" : line;
      for (MatchResult node : NODE.matcher(text).results().toList()) {
        JavaClass type = ownClass(node.group(2));
        assertThat(layer(type)).as(type.getSimpleName()).isEqualTo(layer);
        nodes.put(node.group(1), type);
      }
    }
    assertThat(nodes).hasSizeGreaterThan(5);

    for (String line : pictureLines("Data flow")) {
      if (CHANNEL.matcher(line).find()) {
        continue; // the connector is in between
      }
      String[] ends = ARROW.split(NODE.matcher(line).replaceAll("$1"));
      for (int i = 1; i < ends.length; i++) {
        assertBelongTogether(nodes.get(ends[i - 1].strip()), nodes.get(ends[i].strip()));
      }
    }
  }

  @Test
  void thePictureOfABatchShowsClassesAndWhoTalksToWhom() throws IOException {
    List<String> lines = pictureLines("Storing a batch");
    Map<String, JavaClass> participants = new HashMap<>();
    for (String line : lines) {
      Matcher participant = PARTICIPANT.matcher(line);
      if (participant.matches() && !Set.of("Kafka", "PostgreSQL").contains(participant.group(2))) {
        participants.put(participant.group(1), ownClass(participant.group(2)));
      }
      Matcher message = MESSAGE.matcher(line);
      if (message.matches()) {
        assertBelongTogether(
            participants.get(message.group(1)), participants.get(message.group(2)));
      }
    }
    assertThat(participants).hasSize(4);
  }

  /** One uses the other, or both use a class of their packages, as on both sides of a queue. */
  private static void assertBelongTogether(JavaClass one, JavaClass other) {
    if (one == null || other == null || one == other) {
      return; // the broker, a table
    }
    Set<JavaClass> ofOne = withNeighbours(one, other);
    Set<JavaClass> ofOther = withNeighbours(other, one);
    ofOne.retainAll(ofOther);
    assertThat(ofOne).as("what %s and %s have in common", one, other).isNotEmpty();
  }

  private static Set<JavaClass> withNeighbours(JavaClass type, JavaClass other) {
    return Stream.of(
            Stream.of(type),
            ownDependencies(type),
            type.getDirectDependenciesToSelf().stream().map(Dependency::getOriginClass))
        .flatMap(types -> types)
        .filter(found -> List.of(layer(type), layer(other)).contains(layer(found)))
        .collect(Collectors.toCollection(HashSet::new));
  }

  private static Stream<JavaClass> ownDependencies(JavaClass type) {
    return type.getDirectDependenciesFromSelf().stream()
        .map(Dependency::getTargetClass)
        .filter(target -> target.getPackageName().startsWith(ArchitectureTest.ROOT));
  }

  private static JavaClass ownClass(String simpleName) {
    return ArchitectureTest.CLASSES.stream()
        .filter(type -> type.getSimpleName().equals(simpleName))
        .findAny()
        .orElseThrow(() -> new AssertionError("there is no class " + simpleName));
  }

  private static String layer(JavaClass type) {
    String name = type.getPackageName();
    return name.equals(ArchitectureTest.ROOT)
        ? ""
        : name.substring(ArchitectureTest.ROOT.length() + 1);
  }

  // the documents

  private static String section(Path document, String heading) throws IOException {
    Matcher section =
        Pattern.compile("(?ms)^## " + heading + "\n(.*?)(?=^## )")
            .matcher(Files.readString(document));
    assertThat(section.find()).as(heading).isTrue();
    return section.group(1);
  }

  /** Returns the lines of the Mermaid picture of a section. */
  private static List<String> pictureLines(String heading) throws IOException {
    String section = section(ARCHITECTURE, heading);
    int begin = section.indexOf("```mermaid\n");
    assertThat(begin).as("picture of " + heading).isNotNegative();
    return section
        .substring(begin, section.indexOf("```\n", begin + 3))
        .lines()
        .map(String::strip)
        .toList();
  }
}
