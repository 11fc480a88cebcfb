package dev.datapipeline.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.logging.Level;
import org.openqa.selenium.By;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.StaleElementReferenceException;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogEntry;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;

/** A headless Chromium with default settings that records its requests. */
final class Browser implements AutoCloseable {
  private final ChromeDriver driver;
  private final List<String> requests = new ArrayList<>();

  Browser() {
    Path chromium = Tools.require("chromium", "chromium", "google-chrome");
    Path chromedriver = Tools.require("chromium-driver", "chromedriver");
    ChromeOptions options = new ChromeOptions();
    options.setBinary(chromium.toFile());
    options.addArguments(
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--hide-scrollbars",
        "--window-size=1440,1000");
    LoggingPreferences logs = new LoggingPreferences();
    logs.enable(LogType.BROWSER, Level.ALL);
    logs.enable(LogType.PERFORMANCE, Level.ALL);
    options.setCapability("goog:loggingPrefs", logs);
    driver =
        new ChromeDriver(
            new ChromeDriverService.Builder()
                .usingDriverExecutable(chromedriver.toFile())
                .usingAnyFreePort()
                .build(),
            options);
    driver.manage().timeouts().scriptTimeout(Duration.ofSeconds(30));
  }

  ChromeDriver driver() {
    return driver;
  }

  void open(String url) {
    driver.get(url);
  }

  /** Emulates the preferred color scheme, {@code dark} or {@code light}. */
  void colorScheme(String scheme) {
    driver.executeCdpCommand(
        "Emulation.setEmulatedMedia",
        Map.of(
            "features",
            List.of(
                Map.of("name", "prefers-color-scheme", "value", scheme),
                Map.of("name", "prefers-reduced-motion", "value", "reduce"))));
  }

  /** Makes the window one of this many CSS pixels. */
  void size(int width, int height, boolean mobile) {
    driver.executeCdpCommand(
        "Emulation.setDeviceMetricsOverride",
        Map.of(
            "width",
            width,
            "height",
            height,
            "deviceScaleFactor",
            mobile ? 2 : 1,
            "mobile",
            mobile));
  }

  /** Returns what a reader sees of an element; empty while it is not there. */
  String text(String css) {
    try {
      return driver.findElements(By.cssSelector(css)).stream()
          .findFirst()
          .map(WebElement::getText)
          .orElse("");
    } catch (StaleElementReferenceException e) {
      return "";
    }
  }

  WebElement find(String css) {
    return driver.findElement(By.cssSelector(css));
  }

  /** Returns what an input field holds; empty while it is not there. */
  String value(String css) {
    return String.valueOf(
        driver.executeScript("return document.querySelector(arguments[0])?.value ?? ''", css));
  }

  /** Clicks, again if the page has replaced the element in between. */
  void click(String css) {
    await(css)
        .ignoreException(StaleElementReferenceException.class)
        .untilAsserted(() -> find(css).click());
  }

  /** Writes a picture of the window, or of the whole page, into {@code target/screenshots}. */
  void screenshot(String name) {
    try {
      Path file = ServerDirectory.TARGET.resolve("screenshots").resolve(name + ".png");
      Files.createDirectories(file.getParent());
      Files.write(file, driver.getScreenshotAs(OutputType.BYTES));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns what the console has complained about since this was asked last. */
  List<String> complaints() {
    return driver.manage().logs().get(LogType.BROWSER).getAll().stream()
        .filter(entry -> entry.getLevel().intValue() >= Level.WARNING.intValue())
        .map(LogEntry::getMessage)
        .toList();
  }

  /** Returns the addresses that the page has asked for since the browser was opened. */
  List<String> requests() {
    for (LogEntry entry : driver.manage().logs().get(LogType.PERFORMANCE)) {
      java.util.regex.Matcher matcher =
          java.util.regex.Pattern.compile(
                  "\"method\":\"Network.requestWillBeSent\".*?\"request\":\\{.*?\"url\":\"([^\"]*)\"")
              .matcher(entry.getMessage());
      if (matcher.find()) {
        requests.add(matcher.group(1));
      }
    }
    assertThat(requests).isNotEmpty();
    return requests;
  }

  @Override
  public void close() {
    driver.quit();
  }
}
