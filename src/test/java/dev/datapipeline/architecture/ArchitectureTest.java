package dev.datapipeline.architecture;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.simpleNameEndingWith;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Checks which packages may use which. docs/architecture.md describes the same order. */
class ArchitectureTest {
  static final String ROOT = "dev.datapipeline";

  /** The packages from the lowest layer up. A package may use only packages before it. */
  static final List<String> LAYERS =
      List.of(
          "failure",
          "config",
          "metrics",
          "record",
          "tracing",
          "broker",
          "storage",
          "storage.read",
          "source",
          "source.file",
          "connector",
          "producer",
          "consumer",
          "health",
          "http",
          "api",
          "api.intake",
          "api.live");

  private static final Set<String> TELLING_TIME =
      Set.of(
          "Access",
          "ClockWatch",
          "EventTime",
          "FileSource",
          "HostSource",
          "Lane",
          "PostRequest",
          "Sampler",
          "SensorSource",
          "SourceDriver",
          "TopicPartitionPosition",
          "TransactionalSender",
          "WeblogSource");

  static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages(ROOT);

  private static String packageOf(String layer) {
    return ROOT + "." + layer;
  }

  @TestFactory
  Stream<DynamicTest> noPackageUsesAHigherOne() {
    return LAYERS.stream()
        .map(
            layer ->
                DynamicTest.dynamicTest(
                    layer,
                    () ->
                        noClasses()
                            .that()
                            .resideInAPackage(packageOf(layer))
                            .should()
                            .dependOnClassesThat()
                            .resideInAnyPackage(
                                Stream.concat(
                                        Stream.of(ROOT),
                                        LAYERS.stream()
                                            .skip(LAYERS.indexOf(layer) + 1L)
                                            .map(ArchitectureTest::packageOf))
                                    .toArray(String[]::new))
                            .check(CLASSES)));
  }

  @Test
  void everyPackageIsALayer() {
    Set<String> packages =
        CLASSES.stream()
            .map(JavaClass::getPackageName)
            .filter(name -> !name.equals(ROOT))
            .collect(Collectors.toCollection(TreeSet::new));

    assertThat(packages)
        .containsExactlyInAnyOrderElementsOf(
            LAYERS.stream().map(ArchitectureTest::packageOf).toList());
  }

  @Test
  void everyPackageSaysWhatItIsFor() {
    for (String layer : LAYERS) {
      Path packageInfo =
          Path.of("src/main/java", packageOf(layer).replace('.', '/'), "package-info.java");
      assertThat(Files.exists(packageInfo)).as(packageInfo.toString()).isTrue();
    }
  }

  @Test
  void packagesFormNoCycle() {
    slices().matching(ROOT + ".(**)").should().beFreeOfCycles().check(CLASSES);
  }

  /** Workarounds for the connector must be easy to delete. */
  @Test
  void onlyTheConsumerAndTheProducerTouchTheConnector() {
    onlyIn("consumer", "producer", "connector").mayUse(packageOf("connector")).check(CLASSES);
  }

  @Test
  void onlyTheConnectorImplementsKafkasExtensionPoints() {
    classes()
        .that()
        .implement("org.apache.kafka.clients.consumer.ConsumerInterceptor")
        .or()
        .areAssignableTo("org.apache.kafka.clients.consumer.ConsumerPartitionAssignor")
        .should()
        .resideInAPackage(packageOf("connector"))
        .check(CLASSES);
  }

  @Test
  void onlyTheBrokerCreatesKafkaClients() {
    noClasses()
        .that()
        .resideOutsideOfPackages(packageOf("broker"), packageOf("config"))
        .should()
        .dependOnClassesThat()
        .haveNameMatching(
            "org\\.apache\\.kafka\\.clients\\..*(KafkaConsumer|KafkaProducer|Admin|AdminClient"
                + "|ConsumerConfig|ProducerConfig|AdminClientConfig)")
        .check(CLASSES);
  }

  @Test
  void jdbcIsUsedOnlyByPackagesThatQueryTheDatabaseOrHandleItsExceptions() {
    onlyIn("storage", "failure", "health", "source.file", "producer")
        .mayUse("java.sql", "javax.sql")
        .check(CLASSES);
    onlyIn("storage").mayUse("org.postgresql..").check(CLASSES);
  }

  @Test
  void persistenceIsUsedInStorageOnly() {
    onlyIn("storage", "storage.read").mayUse("jakarta.persistence..").check(CLASSES);
  }

  @Test
  void restAndServletsAreUsedByTheHttpPackagesOnly() {
    onlyIn("http", "api", "api.intake", "api.live")
        .mayUse("jakarta.ws.rs..", "jakarta.servlet..")
        .check(CLASSES);
  }

  @Test
  void theLiveFeedUsesNoResourceAsAService() {
    noClasses()
        .that()
        .resideInAPackage(packageOf("api.live"))
        .should()
        .dependOnClassesThat(
            resideInAnyPackage(packageOf("api")).and(simpleNameEndingWith("Resource")))
        .check(CLASSES);
  }

  /** Everything else measures durations, for which there is the steady clock. */
  @Test
  void theTimeOfDayIsUsedOnlyByWhatShowsSendsOrStoresIt() {
    noClasses()
        .that(
            DescribedPredicate.describe(
                "don't show, send or store it",
                type -> !TELLING_TIME.contains(type.getSimpleName())))
        .should()
        .callMethod(System.class, "currentTimeMillis")
        .orShould()
        .callMethod(Instant.class, "now")
        .orShould()
        .callMethod(OffsetDateTime.class, "now")
        .orShould()
        .callMethod(Clock.class, "systemUTC")
        .check(CLASSES);
  }

  private static Restriction onlyIn(String... layers) {
    return packages ->
        noClasses()
            .that()
            .resideOutsideOfPackages(
                Stream.of(layers).map(ArchitectureTest::packageOf).toArray(String[]::new))
            .should()
            .dependOnClassesThat(resideInAnyPackage(packages));
  }

  /** Names packages that only some layers may use. */
  private interface Restriction {
    ArchRule mayUse(String... packages);
  }
}
