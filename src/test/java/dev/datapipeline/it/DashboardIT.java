package dev.datapipeline.it;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.deque.html.axecore.results.Rule;
import com.deque.html.axecore.selenium.AxeBuilder;
import dev.datapipeline.backends.PostgresServer;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;
import org.openqa.selenium.WebElement;

/**
 * The dashboard in a real browser. The server is killed first and the screenshots come last, when
 * the charts have data.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class DashboardIT {
  private static final Duration SOON = Duration.ofSeconds(60);

  private static Browser browser;
  private static Pipeline pipeline;
  private static Application application;

  @BeforeAll
  static void open() {
    browser = new Browser();
    pipeline =
        new Pipeline("dashboard", 3)
            .with("PRODUCER_ENABLED", "true")
            .with("PRODUCER_INTERVAL", "PT0.2S")
            .with("PRODUCER_EVENTS_PER_TICK", "20")
            .with("OPERATOR_PASSWORD", Api.PASSWORD);
    application = pipeline.running();
  }

  @AfterAll
  static void close() {
    if (pipeline != null) {
      pipeline.close();
    }
    if (browser != null) {
      browser.close();
    }
  }

  @BeforeEach
  void openDashboard() {
    Pipeline.awaitReady(pipeline.running());
    browser.complaints();
    browser.size(1440, 1000, false);
    browser.colorScheme("light");
    browser.open(url());
    see("#connection", "live");
    see("#stage-consumer .badge", "ready");
  }

  private static String url() {
    return "http://localhost:" + application.httpPort() + "/";
  }

  private static void see(String css, String text) {
    await(css + " shows " + text)
        .atMost(SOON)
        .untilAsserted(() -> assertThat(browser.text(css)).contains(text));
  }

  private static double number(String css) {
    String text = browser.text(css).replaceAll("[^0-9.]", "");
    return text.isEmpty() ? -1 : Double.parseDouble(text);
  }

  /** The number of rows is an estimate in a large table, and need not change. */
  private static void awaitNewerEvents() {
    String before = browser.text("#events");
    await("newer events").atMost(SOON).until(() -> !browser.text("#events").equals(before));
  }

  private static void send(String payload) {
    pipeline
        .producer()
        .send(new ProducerRecord<>(pipeline.name(), 0, null, payload.getBytes(UTF_8)));
    pipeline.producer().flush();
  }

  private static void signIn(String password) {
    await().atMost(SOON).until(() -> browser.find("#sign-in-dialog").isDisplayed());
    browser.find("#password").clear();
    browser.find("#password").sendKeys(password, Keys.ENTER);
  }

  private static void assertNothingIsWrong() {
    assertThat(browser.complaints()).isEmpty();
    assertThat(browser.requests())
        .allSatisfy(
            request ->
                assertThat(request.startsWith("data:") || request.startsWith(url()))
                    .as(request)
                    .isTrue());
  }

  @Test
  void eventsAppearWhileTheyFlow() {
    assertThat(number("#rows")).isPositive();
    awaitNewerEvents();
    await().atMost(SOON).until(() -> number("[data-value=sent]") > 0);
    await().atMost(SOON).until(() -> number("[data-value=in]") > 0);
    await().atMost(SOON).until(() -> number("[data-value=stored]") > 0);
    await().atMost(SOON).until(() -> number("#chart-latency .legend b") >= 0);
    await().atMost(SOON).until(() -> number("#chart-batch .legend b") > 0);
    assertThat(browser.driver().findElements(By.cssSelector("#chart-lag .legend li"))).hasSize(3);
    assertThat(browser.driver().findElements(By.cssSelector(".chart canvas"))).hasSize(5);
    assertThat(browser.text("#events")).contains("sensor");
    assertThat(browser.text("#chart-health")).contains("Database", "ready");
    assertNothingIsWrong();
  }

  private static WebElement payloadButton(String payload) {
    return browser.driver().findElements(By.cssSelector("#events .payload button")).stream()
        .filter(button -> payload.equals(button.getDomProperty("textContent")))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void aPayloadIsShownAsSentAndNotExecuted() {
    // JavaScript cannot represent the number; the late timestamp keeps the event at the top
    String payload =
        "{\"n\":12345678901234567890,  \"x\":\"<img src=x onerror=document.title='run'>\"}";
    pipeline
        .producer()
        .send(
            new ProducerRecord<>(
                pipeline.name(),
                0,
                System.currentTimeMillis() + 3_600_000,
                null,
                payload.getBytes(UTF_8)));
    pipeline.producer().flush();
    // other tests may have stored events of a later time
    await().atMost(SOON).ignoreExceptions().untilAsserted(() -> payloadButton(payload).click());
    see("#hold", "Resume updates");
    assertThat(payloadButton(payload).getDomAttribute("aria-expanded")).isEqualTo("true");
    browser.click("#hold");
    assertThat(browser.driver().getTitle()).isEqualTo("datapipeline");
    assertThat(browser.driver().findElements(By.cssSelector("#events img"))).isEmpty();
    assertNothingIsWrong();
  }

  @Test
  void aStoppedDatabaseIsShownAndRecovers() {
    PostgresServer postgres = pipeline.backends().postgres();
    postgres.stopImmediately();
    try {
      see("#stage-database .badge", "down");
      see("#troubles", "Database is down: ");
      see("#announcement", "is down");
      browser.screenshot("dashboard-database-down");
    } finally {
      postgres.start();
    }
    see("#stage-database .badge", "ready");
    see("#stage-consumer .badge", "ready");
    await().atMost(SOON).until(() -> browser.text("#troubles").isEmpty());
    awaitNewerEvents();
    assertNothingIsWrong();
  }

  @Test
  @Order(1)
  void aStoppedServerIsShownAndReconnected() {
    application.kill();
    see("#away", "Not connected since");
    assertThat(browser.text("#connection")).isEqualTo("not connected");
    browser.screenshot("dashboard-server-away");
    pipeline.running();
    see("#connection", "live");
    await().atMost(SOON).until(() -> browser.text("#away").isEmpty());
    see("#stage-database .badge", "ready");
    await().atMost(SOON).until(() -> number("[data-value=stored]") > 0);
    // nothing but failed requests is in the console; a server that is starting answers 404 first
    assertThat(browser.complaints())
        .allMatch(
            complaint -> complaint.contains("net::ERR_") || complaint.contains("status of 404"));
  }

  @Test
  void deadLettersAreReplayedByTheOperatorOnly() {
    String rule = "ALTER TABLE raw_events %s CONSTRAINT not_now%s";
    pipeline
        .database()
        .execute(rule.formatted("ADD", " CHECK (strpos(payload::text, 'refused') = 0) NOT VALID"));
    try {
      send("{\"text\":\"refused\"}");
      see("#letters", "refused");
      see("#letters", "not_now");
    } finally {
      pipeline.database().execute(rule.formatted("DROP", ""));
    }
    double waiting = number("#waiting");
    assertThat(waiting).isPositive();

    browser.click("#letters tr:first-child td:last-child button");
    signIn("not the password");
    see("#sign-in-error", "Wrong name or password.");
    assertThat(number("#waiting")).isEqualTo(waiting);
    // the browser logs the refusal in its console
    assertThat(browser.complaints()).allMatch(complaint -> complaint.contains("401"));

    signIn(Api.PASSWORD);
    see("#replay-result", "1 replayed");
    see("#sign-in", "Sign out");
    await().atMost(SOON).until(() -> number("#waiting") == waiting - 1);
    await().atMost(SOON).until(() -> !browser.text("#letters").contains("refused"));
    assertNothingIsWrong();
  }

  @Test
  void aFailedReplayShowsTheReason() {
    send("{no json");
    see("#letters", "{no json");
    browser.click("#sign-in");
    signIn(Api.PASSWORD);
    see("#sign-in", "Sign out");
    browser.click("#letters tr:first-child td:last-child button");
    see("#replay-result", "1 still rejected: ");
    assertThat(browser.text("#letters")).contains("{no json");
    assertNothingIsWrong();
  }

  @Test
  void theControlsWorkWithTheKeyboard() {
    assertThat(browser.driver().findElement(By.className("skip")).getDomAttribute("href"))
        .isEqualTo("#main");
    focus("switch consumer").sendKeys(Keys.ENTER);
    signIn(Api.PASSWORD);
    see("#stage-consumer .badge", "paused");
    see("#troubles", "Consumer is paused");
    assertThat(focus("switch consumer").getText()).isEqualTo("Resume");
    focus("switch consumer").sendKeys(Keys.SPACE);
    see("#stage-consumer .badge", "ready");

    focus("switch source sensor").sendKeys(Keys.ENTER);
    see("#stage-producer .badge", "paused");
    await().atMost(SOON).until(() -> number("[data-value=sent]") == 0);
    focus("tick source sensor").sendKeys(Keys.ENTER);
    focus("switch source sensor").sendKeys(Keys.ENTER);
    see("#stage-producer .badge", "ready");

    WebElement interval = focus("interval sensor");
    interval.clear();
    interval.sendKeys("soon", Keys.ENTER);
    see("#controls .error", "interval must be a duration");
    interval.clear();
    interval.sendKeys("PT0.1S", Keys.ENTER);
    await().atMost(SOON).until(() -> browser.value("#interval-sensor").equals("PT0.1S"));
    assertThat(browser.complaints()).allMatch(complaint -> complaint.contains("400"));
  }

  private static WebElement focus(String control) {
    String css = "[data-control='" + control + "']";
    await().atMost(SOON).until(() -> !browser.text("#controls").isEmpty());
    // one script, because the page replaces its controls when the state changes
    return (WebElement)
        browser
            .driver()
            .executeScript(
                "document.querySelector(arguments[0]).focus(); return document.activeElement", css);
  }

  @ParameterizedTest
  @Order(Integer.MAX_VALUE)
  @CsvSource({"light, 1440, 1400", "dark, 1440, 1400", "light, 390, 844", "dark, 390, 844"})
  void itIsAccessibleAndNothingOverflows(String scheme, int width, int height) {
    browser.colorScheme(scheme);
    browser.size(width, height, width < 640);
    browser.open(url());
    see("#events", "sensor");
    await().atMost(SOON).until(() -> number("#chart-batch .legend b") > 0);
    browser.screenshot("dashboard-" + scheme + (width < 640 ? "-phone" : ""));
    assertThat(
            (Long)
                browser
                    .driver()
                    .executeScript("return document.documentElement.scrollWidth - innerWidth"))
        .isLessThanOrEqualTo(0);
    List<Rule> violations =
        new AxeBuilder()
            .withTags(
                List.of("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"))
            .analyze(browser.driver())
            .getViolations();
    assertThat(violations.stream().map(rule -> rule.getId() + " " + rule.getNodes()).toList())
        .isEmpty();
    assertNothingIsWrong();
  }

  @Test
  void aReaderWithoutPermissionIsAskedToSignIn() {
    try (Pipeline closed =
        new Pipeline("dashboard-closed", 1)
            .with("API_READ_ACCESS", "operator")
            .with("OPERATOR_PASSWORD", Api.PASSWORD)) {
      browser.open("http://localhost:" + closed.running().httpPort() + "/");
      see("#connection", "sign-in required");
      signIn(Api.PASSWORD);
      see("#connection", "live");
      assertThat(browser.complaints()).allMatch(complaint -> complaint.contains("401"));
      assertThat(URI.create(browser.driver().getCurrentUrl()).getPort())
          .isEqualTo(closed.instance().httpPort());
      // the next test opens another page; this one must not try to reconnect meanwhile
      browser.open("about:blank");
      browser.requests().clear();
    }
  }
}
