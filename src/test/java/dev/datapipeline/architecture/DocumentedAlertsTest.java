package dev.datapipeline.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * The alerts, their tests, the dashboard of Grafana and {@code docs/operations.md} agree. That the
 * documented metrics are those that the application serves is shown by {@code MetricsIT}.
 */
class DocumentedAlertsTest {
  private static final String OPERATIONS = text("docs/operations.md");
  private static final String ALERTS = text("src/main/observability/alerts.yml");
  private static final String TESTS = text("src/test/observability/alerts-test.yml");
  private static final String DASHBOARD =
      text("src/main/observability/grafana/dashboards/datapipeline.json");

  private static String text(String file) {
    try {
      return Files.readString(Path.of(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Set<String> names(String regex, String text) {
    return Pattern.compile(regex)
        .matcher(text)
        .results()
        .map(match -> match.group(1))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static Set<String> alerts() {
    return names("- alert: (\\w+)", ALERTS);
  }

  /** The metrics of the table, and those of the server that the text mentions. */
  private static Set<String> documentedMetrics() {
    Set<String> metrics = names("(?m)^\\| `(datapipeline_[a-z_]+)`", OPERATIONS);
    metrics.addAll(names("`((?:memory|jvm)_[a-zA-Z_]+)`", OPERATIONS));
    return metrics;
  }

  private static Set<String> usedMetrics(String text) {
    return names(
        "\\b((?:datapipeline|memory|jvm|thread|cpu|gc|process)_[a-zA-Z]\\w*?)(?:_bucket|_sum|_count)?\\b(?!/)",
        text);
  }

  @Test
  void everyAlertHasASectionOfTheRunbookAndNoOther() {
    assertThat(alerts()).hasSizeGreaterThan(15);
    assertThat(names("(?m)^### (Datapipeline\\w+)$", OPERATIONS)).isEqualTo(alerts());
  }

  @Test
  void everySectionStatesTheSeverity() {
    for (String alert : alerts()) {
      String rule = ALERTS.substring(ALERTS.indexOf("- alert: " + alert + "\n"));
      String severity = rule.replaceFirst("(?s).*?severity: (\\w+).*", "$1");
      String section = OPERATIONS.substring(OPERATIONS.indexOf("### " + alert + "\n"));
      assertThat(section.lines().skip(2).findFirst().orElseThrow())
          .as(alert)
          .startsWithIgnoringCase("*" + severity + ".*");
    }
  }

  @Test
  void everyAlertIsTestedToFireAndNotToFire() {
    assertThat(names("alertname: (\\w+), exp_alerts: \\[]", TESTS)).isEqualTo(alerts());
    assertThat(names("alertname: (\\w+)\\n +exp_alerts:\\n", TESTS)).isEqualTo(alerts());
  }

  @Test
  void everyMetricOfTheAlertsOfTheirTestsAndOfTheDashboardIsDocumented() {
    for (String used : List.of(ALERTS, TESTS, DASHBOARD)) {
      assertThat(usedMetrics(used)).hasSizeGreaterThan(10);
      assertThat(documentedMetrics()).containsAll(usedMetrics(used));
    }
  }

  /** A rule on a series that no test has could be mistyped. */
  @Test
  void everyMetricOfAnAlertIsInATest() {
    assertThat(names("series: '(\\w+)", TESTS)).containsAll(usedMetrics(ALERTS));
  }

  @Test
  void everyMetricHasItsNameInOpenTelemetry() {
    assertThat(names("(?m)^\\| `datapipeline\\.[a-z_.]+` \\| `(\\w+)` \\|$", OPERATIONS))
        .isEqualTo(
            names("(?m)^\\| `(datapipeline_[a-z_]+)` \\| (?:counter|gauge|histogram)", OPERATIONS));
  }

  @Test
  void everyAlertThatTheDocumentsNameExists() {
    for (String file : List.of("README.md", "docs/operations.md", "docs/security.md")) {
      assertThat(alerts()).as(file).containsAll(names("`(Datapipeline[A-Z]\\w+)`", text(file)));
    }
  }
}
