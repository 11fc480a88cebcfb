package dev.datapipeline.it;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.deque.html.axecore.results.Rule;
import com.deque.html.axecore.selenium.AxeBuilder;
import dev.datapipeline.backends.PostgresServer;
import jakarta.json.JsonObject;
import jakarta.json.JsonString;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
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
    // with line breaks, and each token as it was sent
    assertThat(browser.text("#events .full"))
        .contains("{\n  \"n\": 12345678901234567890,\n  \"x\": \"<img src=x ");
    browser.click("#hold");
    assertThat(browser.driver().getTitle()).isEqualTo("datapipeline");
    assertThat(browser.driver().findElements(By.cssSelector("#events img"))).isEmpty();
    assertNothingIsWrong();
  }

  /** Opens the page as a browser whose user prefers these languages. */
  private static void openIn(String languages) {
    String agent = (String) browser.driver().executeScript("return navigator.userAgent");
    browser
        .driver()
        .executeCdpCommand(
            "Emulation.setUserAgentOverride",
            Map.of("userAgent", agent, "acceptLanguage", languages));
    browser.open(url());
    await().atMost(SOON).until(() -> !browser.text("#events").isBlank());
  }

  @Test
  void thePageSpeaksTheLanguageOfTheBrowserOrTheOneThatWasChosen() throws Exception {
    try {
      openIn("de-DE,fr-CA,en-US");
      see("#connection", "en direct");
      assertThat(browser.find("html").getDomAttribute("lang")).isEqualTo("fr");
      see("#events-title", "Derniers événements");
      see("#producer-note", "depuis le démarrage");
      see("#chart-rate", "entrants");
      assertThat(browser.text("#events")).containsPattern("\\d\\d:\\d\\d:\\d\\d,\\d{3}");
      assertThat(browser.find("#sign-in").getText()).isEqualTo("S’identifier");
      assertThat(browser.text("body")).doesNotContain(onlyEnglish());
      browser.screenshot("dashboard-french");

      browser.click("#language option[value=en]");
      see("#connection", "live");
      see("#chart-rate", "stored");
      see("#controls", "Pause");
      see("#events-title", "Newest events");
      assertThat(browser.find("html").getDomAttribute("lang")).isEqualTo("en");
      browser.open(url());
      see("#events-title", "Newest events");
    } finally {
      browser.driver().executeScript("localStorage.clear()");
      openIn("en-US");
    }
    assertNothingIsWrong();
  }

  /** The English texts that are long enough not to be part of something else. */
  private static String[] onlyEnglish() throws IOException {
    JsonObject english = Api.json(new Api(application.httpPort()).get("/dashboard/texts/en.json"));
    return english.values().stream()
        .filter(JsonString.class::isInstance)
        .map(text -> ((JsonString) text).getString())
        .filter(text -> text.length() > 9 && text.matches("[\\p{L} ,.:]+"))
        .filter(text -> !text.equals("Partition·offset"))
        .toArray(String[]::new);
  }

  @Test
  void storedEventsAreSearchedByTextTopicTimeAndKey() {
    String wanted = "{\"wanted\":\"Dépôt-%d\"}".formatted(System.nanoTime());
    send(wanted);
    send(wanted.replace("wanted", "other"));
    browser.click("#search summary");
    browser.find("#filter-text").sendKeys("DÉPÔT-", Keys.ENTER);
    await()
        .atMost(SOON)
        .untilAsserted(
            () -> {
              browser.find("#filter-text").sendKeys(Keys.ENTER);
              see("#filter-result", "2 events, latest first");
            });
    see("#events-title", "Events found");
    browser.click("#filter-topic option[value='" + pipeline.name() + "']");
    browser.find("#filter-path").sendKeys("wanted");
    browser.find("#filter-value").sendKeys(wanted.split("\"")[3]);
    browser.click("#filter button[type=submit]");
    see("#filter-result", "1 event, latest first");
    assertThat(browser.text("#events")).contains(wanted);

    browser
        .driver()
        .executeScript("document.getElementById('filter-to').value = '2001-01-01T00:00:00'");
    browser.click("#filter button[type=submit]");
    see("#events", "No event matches.");

    browser.click("#filter-clear");
    see("#events-title", "Newest events");
    awaitNewerEvents();
    assertNothingIsWrong();
  }

  @Test
  void anEventIsFollowedFromItsRecordToItsRow() {
    String payload = "{\"f\":1.50,  \"n\":12345678901234567890}";
    send(payload);
    browser.click("#search summary");
    await()
        .atMost(SOON)
        .untilAsserted(
            () -> {
              browser.find("#filter-text").clear();
              browser.find("#filter-text").sendKeys("\"f\":1.50,  ", Keys.ENTER);
              see("#filter-result", "1 event, latest first");
            });
    browser.click("#events tr:first-child a");
    see("#details-title", "Event ");
    see("#details-content", "Record timestamp");
    List<String> row =
        pipeline
            .database()
            .query(
                "SELECT id, kafka_offset FROM raw_events WHERE payload::text = ?"
                    + " ORDER BY id DESC LIMIT 1",
                payload)
            .get(0);
    assertThat(browser.text("#details-title")).isEqualTo("Event " + row.get(0));
    assertThat(browser.text(".path").replace(",", ""))
        .contains(pipeline.name(), row.get(0), row.get(1), "Later offsets of the partition");
    assertThat(browser.text("#details pre"))
        .contains("{\n  \"f\": 1.50,\n  \"n\": 1234567890123456");
    browser.click("#details .buttons button:nth-child(2)");
    assertThat(browser.find("#details pre").getDomProperty("textContent")).isEqualTo(payload);
    assertAccessible();
    browser.screenshot("dashboard-event");
    browser.driver().navigate().back();
    await().atMost(SOON).until(() -> browser.find("#events").isDisplayed());
    assertNothingIsWrong();
  }

  /** Run by src/test/shell/dashboard-pictures.sh, which makes the pictures of the documentation. */
  @Test
  @EnabledIfSystemProperty(named = "dashboard.pictures", matches = "true")
  void picturesForTheDocumentation() {
    Api api = new Api(application.httpPort());
    String interval = "/api/pipeline/producer/interval?interval=";
    browser.size(1440, 1130, false);
    browser.open(url());
    for (String pace : List.of("PT0.1S", "PT0.05S", "PT0.2S")) {
      api.control("PUT", interval + pace);
      send("{\"sensor\": ");
      awaitSamples(25);
    }
    browser.screenshot("documentation");
    for (int frame = 10; frame < 30; frame++) {
      if (frame % 7 == 3) {
        api.control("PUT", interval + (frame < 20 ? "PT0.05S" : "PT0.3S"));
      }
      awaitSamples(1);
      browser.screenshot("frame-" + frame);
    }
    api.control("PUT", interval + "PT0.2S");
  }

  private static void awaitSamples(int samples) {
    String count = "return Number(document.getElementById('charts').dataset.samples ?? 0)";
    long before = ((Number) browser.driver().executeScript(count)).longValue();
    await()
        .atMost(SOON)
        .until(
            () -> ((Number) browser.driver().executeScript(count)).longValue() >= before + samples);
  }

  @Test
  @Order(Integer.MAX_VALUE - 2)
  void aLongerRangeIsShown() {
    browser.click("#ranges button[value='24h']");
    await()
        .atMost(SOON)
        .until(() -> "24h".equals(browser.find("#charts").getDomAttribute("data-range")));
    assertThat(number("#chart-rate .legend b")).isGreaterThanOrEqualTo(0);
    assertThat(browser.text("#range-error")).isEmpty();
    browser.click("#ranges button[value='5m']");
    await()
        .atMost(SOON)
        .until(() -> "5m".equals(browser.find("#charts").getDomAttribute("data-range")));
    assertNothingIsWrong();
  }

  @Test
  void lossesAndOtherGapsAreListed() {
    String gap =
        "INSERT INTO absent_offsets (topic_partition_id, first_offset, last_offset, reason)"
            + " SELECT id, %s, %s, '%s' FROM topic_partitions WHERE topic = '%s' LIMIT 1";
    pipeline
        .database()
        .execute(gap.formatted(900_000_000, 900_000_012, "deleted", pipeline.name()));
    pipeline
        .database()
        .execute(gap.formatted(900_000_020, 900_000_020, "transaction", pipeline.name()));
    try {
      browser.open(url());
      see("#losses", "900,000,000 – 900,000,012");
      assertThat(browser.text("#losses")).contains("13", "lost").doesNotContain("aborted");
      browser.click("#gaps");
      see("#losses", "transaction marker or aborted record");
      assertThat(browser.text("#losses")).contains("900,000,020", "900,000,012");
    } finally {
      pipeline.database().execute("DELETE FROM absent_offsets WHERE first_offset >= 900000000");
    }
    assertNothingIsWrong();
  }

  /** Comes after the tests that expect three partitions, and before the screenshots. */
  @Test
  @Order(Integer.MAX_VALUE - 1)
  void ofAHundredPartitionsTheWorstAreShownFirst() {
    new Api(application.httpPort()).control("POST", "/api/pipeline/consumer/pause");
    try {
      while (pipeline.partitions() < 100) {
        pipeline.addPartition();
      }
      for (int partition : new int[] {99, 99, 99, 50, 50, 5}) {
        for (int i = 0; i < 5_000; i++) {
          pipeline
              .producer()
              .send(new ProducerRecord<>(pipeline.name(), partition, null, "1".getBytes(UTF_8)));
        }
      }
      pipeline.producer().flush();
      await()
          .atMost(SOON)
          .untilAsserted(
              () ->
                  assertThat(browser.text("#chart-lag .legend"))
                      .matches("(?s)99\\s1\\d,\\d{3}\\s50\\s1\\d,\\d{3}\\s5\\s5,\\d{3}\\s.*"));
      assertThat(browser.driver().findElements(By.cssSelector("#chart-lag .legend li")))
          .hasSize(12);
      assertThat(browser.find("#chart-lag .legend").getSize().height).isLessThan(60);

      browser.click("#chart-lag a");
      await()
          .atMost(SOON)
          .until(() -> browser.driver().findElements(By.cssSelector("#lags tr")).size() == 100);
      assertThat(browser.text("#lags tr:first-child")).contains(pipeline.name() + " 99 1");
      assertThat(browser.text("#lags tr:nth-child(2)")).contains(pipeline.name() + " 50 1");
      assertAccessible();
      browser.screenshot("dashboard-lag");
    } finally {
      new Api(application.httpPort()).control("POST", "/api/pipeline/consumer/resume");
    }
    await()
        .atMost(SOON)
        .until(() -> browser.text("#lags tr:first-child").matches(".* \\d{1,3} .*"));
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
    send("{\"half\": }");
    see("#letters", "half");
    String letter = browser.find("#letters tr:first-child").getDomAttribute("data-id");
    Api api = new Api(application.httpPort());
    api.control("POST", "/api/pipeline/consumer/pause");
    String correction = "/api/dead-letters/" + letter + "/correction";
    assertThat(api.post(correction, "application/json", "{\"half\": 2}").statusCode())
        .isEqualTo(202);
    assertThat(api.json("/api/dead-letters/" + letter))
        .containsKey("correctionSentAt")
        .doesNotContainKey("correctedAt");
    application.kill();
    see("#away", "Not connected since");
    assertThat(browser.text("#connection")).isEqualTo("not connected");
    browser.screenshot("dashboard-server-away");
    pipeline.running();
    see("#connection", "live");
    await().atMost(SOON).until(() -> browser.text("#away").isEmpty());
    see("#stage-database .badge", "ready");
    await().atMost(SOON).until(() -> number("[data-value=stored]") > 0);
    // the record that was sent before the kill is stored once, and marks its dead letter
    await()
        .atMost(SOON)
        .until(() -> api.json("/api/dead-letters/" + letter).containsKey("correctedAt"));
    assertThat(api.post(correction, "application/json", "{\"half\": 3}").statusCode())
        .isEqualTo(409);
    assertThat(
            pipeline
                .database()
                .number(
                    "SELECT count(*) FROM raw_events WHERE strpos(payload::text, '\"half\"') > 0"))
        .isOne();
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
  void aDeadLetterHasAPageAndIsSentAgainAfterAChange() {
    pipeline
        .producer()
        .send(
            new ProducerRecord<>(
                pipeline.name(),
                0,
                "machine-7".getBytes(UTF_8),
                "{\"é\": nonsense}".getBytes(UTF_8),
                List.of(new RecordHeader("unit", "mm".getBytes(UTF_8)))));
    pipeline.producer().flush();
    see("#letters", "nonsense");
    browser.click("#letters tr:first-child a");
    see("#details-content", "machine-7");
    assertThat(browser.text("#details"))
        .contains("22P02", "invalid input syntax", "unit", "mm", "16 bytes", "waiting");
    browser.click("#details .buttons button:nth-child(2)");
    assertThat(browser.text("#details pre"))
        .startsWith(
            "00000000  7b 22 c3 a9 22 3a 20 6e 6f 6e 73 65 6e 73 65 7d  {\"..\": nonsense}");
    assertAccessible();
    browser.screenshot("dashboard-dead-letter");

    WebElement payload = browser.find("#correction");
    payload.clear();
    payload.sendKeys("{\"é\": \"sense\"}");
    browser.click(".repair button[type=submit]");
    signIn(Api.PASSWORD);
    see("#details-content", "corrected ");
    assertThat(browser.driver().findElements(By.id("correction"))).isEmpty();
    assertThat(
            pipeline
                .database()
                .number(
                    "SELECT count(*) FROM raw_events WHERE payload::text = ?",
                    "{\"é\": \"sense\"}"))
        .isOne();
    browser.click("#details p a");
    await().atMost(SOON).until(() -> !browser.text("#letters").contains("nonsense"));
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

  private static void assertAccessible() {
    List<Rule> violations =
        new AxeBuilder()
            .withTags(
                List.of("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"))
            .analyze(browser.driver())
            .getViolations();
    assertThat(violations.stream().map(rule -> rule.getId() + " " + rule.getNodes()).toList())
        .isEmpty();
  }

  @ParameterizedTest
  @Order(Integer.MAX_VALUE)
  @CsvSource({
    "light, 1440, 1400",
    "dark, 1440, 1400",
    "light, 1024, 1300",
    "light, 390, 844",
    "dark, 390, 844"
  })
  void itIsAccessibleAndNothingOverflows(String scheme, int width, int height) {
    browser.colorScheme(scheme);
    browser.size(width, height, width < 640);
    browser.open(url());
    see("#events", "sensor");
    await().atMost(SOON).until(() -> number("#chart-batch .legend b") > 0);
    browser.screenshot("dashboard-" + scheme + (width == 1440 ? "" : "-" + width));
    assertThat(
            (Long)
                browser
                    .driver()
                    .executeScript("return document.documentElement.scrollWidth - innerWidth"))
        .isLessThanOrEqualTo(0);
    if (width < 640) {
      // all five stages are on the first screen
      assertThat(browser.find(".flow").getRect().y + browser.find(".flow").getRect().height)
          .isLessThan(height);
    }
    assertAccessible();
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
