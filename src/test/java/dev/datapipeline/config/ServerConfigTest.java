package dev.datapipeline.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.xpath.XPath;
import javax.xml.xpath.XPathFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;

/** What {@code server.xml} provides agrees with what the settings allow. */
class ServerConfigTest {
  private static final String API = "//dataSource[@jndiName='jdbc/datapipeline-api']";

  /** Timers, probes, health checks, posts, and a poll per topic need threads besides the reads. */
  private static final int OTHER_THREADS = 16;

  private static long number(String attribute) throws Exception {
    Document server =
        DocumentBuilderFactory.newInstance()
            .newDocumentBuilder()
            .parse(Path.of("liberty/config/server.xml").toFile());
    XPath path = XPathFactory.newInstance().newXPath();
    return Long.parseLong(path.evaluate(attribute, server));
  }

  @Test
  void everyReadAndTheDashboardGetAConnection() throws Exception {
    assertThat(number(API + "/connectionManager/@maxPoolSize")).isGreaterThan(ApiConfig.MOST_READS);
  }

  @Test
  void readsLeaveThreadsToEverythingElse() throws Exception {
    assertThat(number("//executor/@coreThreads"))
        .isGreaterThanOrEqualTo(ApiConfig.MOST_READS + OTHER_THREADS);
  }

  @Test
  void noStatementOutlivesItsConnection() throws Exception {
    assertThat(number(API + "/properties.postgresql/@socketTimeout"))
        .isGreaterThan(ApiConfig.LONGEST_STATEMENT.toSeconds());
  }
}
