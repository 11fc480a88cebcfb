package dev.datapipeline.it;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpServer;
import dev.datapipeline.backends.Ports;
import jakarta.json.Json;
import jakarta.json.JsonArray;
import jakarta.json.JsonObject;
import java.io.IOException;
import java.io.StringReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The files of the profile observability, with the real promtool and a real Prometheus. */
class ObservabilityIT {
  private static final Path SHIPPED = Path.of("src/main/observability");
  private static final Path DASHBOARD = SHIPPED.resolve("grafana/dashboards/datapipeline.json");
  private static final Path DIRECTORY = ServerDirectory.TARGET.resolve("it/prometheus");
  private static final Duration SOON = Duration.ofSeconds(90);

  /** Has every character that is special to YAML, to a shell or to a template. */
  private static final String MAIL_PASSWORD = "it's \"50%\" #1: {{ $HOME }} \\n & `id`";

  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  private static Path promtool;
  private static int port;
  private static Process prometheus;
  private static Process alertmanager;
  private static final BlockingQueue<String> WEBHOOK = new LinkedBlockingQueue<>();
  private static HttpServer webhook;
  private static MailReceiver mail;
  private static Pipeline pipeline;

  @BeforeAll
  static void start() throws Exception {
    promtool = Tools.require("prometheus", "promtool");
    Path program = Tools.require("prometheus", "prometheus");
    pipeline =
        new Pipeline("observability", 2)
            .with("CONSOLE_LOG_FORMAT", "JSON")
            .with("WLP_LOGGING_CONSOLE_FORMAT", "JSON")
            .with("ACCESS_LOG", "true")
            // the exporter reports a collector that does not answer with a stack trace
            .with("OTEL_SDK_DISABLED", "false")
            .with("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:" + Ports.free())
            .with("PRODUCER_ENABLED", "true")
            .with("PRODUCER_INTERVAL", "PT0.2S");
    Application application = pipeline.running();
    port = Ports.free();
    Files.createDirectories(DIRECTORY);
    int alertmanagerPort = Ports.free();
    startAlertmanager(alertmanagerPort);
    // as shipped, except for the addresses of the instance and of Alertmanager
    Files.writeString(
        DIRECTORY.resolve("prometheus.yml"),
        Files.readString(SHIPPED.resolve("prometheus.yml"))
            .replace("alertmanager:9093", "localhost:" + alertmanagerPort)
            .replaceFirst(
                "(?s)dns_sd_configs:.*",
                "static_configs: [{targets: ['localhost:%d']}]\n"
                    .formatted(application.httpPort())));
    Files.writeString(
        DIRECTORY.resolve("alerts.yml"), Files.readString(SHIPPED.resolve("alerts.yml")));
    prometheus =
        new ProcessBuilder(
                program.toString(),
                "--config.file=" + DIRECTORY.resolve("prometheus.yml"),
                "--storage.tsdb.path=" + Files.createTempDirectory(DIRECTORY, "data"),
                "--web.listen-address=localhost:" + port)
            .redirectErrorStream(true)
            .redirectOutput(DIRECTORY.resolve("prometheus.log").toFile())
            .start();
    Runtime.getRuntime().addShutdownHook(new Thread(prometheus::destroyForcibly));
  }

  /** Starts Alertmanager as the container does, with a webhook and a mail server of this test. */
  private static void startAlertmanager(int listenPort) throws Exception {
    webhook = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    webhook.createContext(
        "/",
        exchange -> {
          WEBHOOK.add(
              exchange.getRequestURI()
                  + " "
                  + new String(exchange.getRequestBody().readAllBytes(), UTF_8));
          exchange.sendResponseHeaders(200, -1);
          exchange.close();
        });
    webhook.start();
    mail = new MailReceiver();
    ProcessBuilder builder =
        alertmanager(
            "--storage.path=" + Files.createTempDirectory(DIRECTORY, "alertmanager"),
            "--cluster.listen-address=",
            "--web.listen-address=localhost:" + listenPort);
    builder
        .environment()
        .putAll(
            Map.of(
                "ALERT_WEBHOOK_URL",
                "http://localhost:%d/planted-token".formatted(webhook.getAddress().getPort()),
                "ALERT_EMAIL_TO",
                "on-call@example.com, second@example.com",
                "ALERT_EMAIL_FROM",
                "datapipeline@example.com",
                "ALERT_SMTP_HOST",
                "localhost:" + mail.port(),
                "ALERT_SMTP_USER",
                "mailer",
                "ALERT_SMTP_PASSWORD",
                MAIL_PASSWORD,
                "ALERT_SMTP_TLS",
                "false"));
    alertmanager = builder.start();
    Runtime.getRuntime().addShutdownHook(new Thread(alertmanager::destroyForcibly));
  }

  /** Returns the entry point of the container, with the program of this machine. */
  private static ProcessBuilder alertmanager(String... arguments) {
    List<String> command =
        new ArrayList<>(List.of("sh", SHIPPED.resolve("alertmanager.sh").toString()));
    command.add(Tools.require("prometheus-alertmanager", "prometheus-alertmanager").toString());
    command.addAll(List.of(arguments));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(DIRECTORY.resolve("alertmanager.log").toFile());
    builder.environment().put("ALERT_CONFIG", DIRECTORY.resolve("alertmanager.yml").toString());
    return builder;
  }

  @AfterAll
  static void stop() throws Exception {
    for (Process process : new Process[] {prometheus, alertmanager}) {
      if (process != null) {
        process.destroy();
        process.waitFor(20, TimeUnit.SECONDS);
        process.destroyForcibly();
      }
    }
    if (webhook != null) {
      webhook.stop(0);
    }
    if (mail != null) {
      mail.close();
    }
    if (pipeline != null) {
      pipeline.close();
    }
  }

  /** Runs promtool and fails with its output if it reports an error. */
  private static void promtool(Object... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of(promtool.toString()));
    for (Object argument : arguments) {
      command.add(argument.toString());
    }
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
  }

  private static JsonObject ask(String path) throws IOException {
    try {
      HttpResponse<String> response =
          CLIENT.send(
              HttpRequest.newBuilder(URI.create("http://localhost:" + port + path))
                  .timeout(Duration.ofSeconds(10))
                  .build(),
              HttpResponse.BodyHandlers.ofString());
      JsonObject answer = Json.createReader(new StringReader(response.body())).readObject();
      assertThat(answer.getString("status")).as("%s: %s", path, answer).isEqualTo("success");
      return answer;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
  }

  private static JsonArray query(String expression) throws IOException {
    return ask("/api/v1/query?query=" + URLEncoder.encode(expression, UTF_8))
        .getJsonObject("data")
        .getJsonArray("result");
  }

  private static double number(String expression) throws IOException {
    return Double.parseDouble(
        query(expression).getJsonObject(0).getJsonArray("value").getString(1));
  }

  private static Set<String> expressionsOfTheDashboard() throws IOException {
    Set<String> expressions = new LinkedHashSet<>();
    JsonObject dashboard =
        Json.createReader(new StringReader(Files.readString(DASHBOARD))).readObject();
    for (JsonObject panel : dashboard.getJsonArray("panels").getValuesAs(JsonObject.class)) {
      if (panel.containsKey("targets")) {
        for (JsonObject target : panel.getJsonArray("targets").getValuesAs(JsonObject.class)) {
          expressions.add(target.getString("expr").replace("$__rate_interval", "1m"));
        }
      }
    }
    return expressions;
  }

  @Test
  void promtoolAcceptsTheConfigurationAndTheRules() throws Exception {
    promtool("check", "config", SHIPPED.resolve("prometheus.yml"));
    promtool("check", "rules", SHIPPED.resolve("alerts.yml"));
  }

  @Test
  void eachAlertFiresOnlyWhenItShould() throws Exception {
    promtool("test", "rules", "src/test/observability/alerts-test.yml");
  }

  @Test
  void prometheusAgreesWithTheDatabase() throws Exception {
    pipeline.send(300);
    await()
        .atMost(SOON)
        .ignoreExceptions()
        .untilAsserted(() -> assertThat(number("up{job=\"datapipeline\"}")).isEqualTo(1));
    await()
        .atMost(SOON)
        .ignoreExceptions()
        .untilAsserted(
            () -> {
              double before = pipeline.stored();
              double told = number("sum(datapipeline_records_stored_total)");
              assertThat(told).isPositive().isLessThanOrEqualTo(pipeline.stored());
              // the scraped value is some seconds old, and a few events are stored meanwhile
              assertThat(before - told).isLessThan(100);
            });
  }

  @Test
  void everyExpressionOfTheDashboardHasData() throws Exception {
    pipeline.send(10);
    Set<String> expressions = expressionsOfTheDashboard();
    assertThat(expressions).hasSizeGreaterThan(15);
    for (String expression : expressions) {
      if (!expression.equals("ALERTS")) {
        await(expression)
            .atMost(SOON)
            .ignoreExceptionsInstanceOf(IOException.class)
            .until(() -> !query(expression).isEmpty());
      }
    }
  }

  @Test
  void everyPanelUsesTheProvisionedDatasource() throws Exception {
    String provisioned =
        Files.readString(SHIPPED.resolve("grafana/provisioning/datasources/prometheus.yml"));
    JsonObject dashboard =
        Json.createReader(new StringReader(Files.readString(DASHBOARD))).readObject();
    List<JsonObject> panels =
        dashboard.getJsonArray("panels").getValuesAs(JsonObject.class).stream()
            .filter(panel -> !panel.getString("type").equals("row"))
            .toList();
    assertThat(panels)
        .isNotEmpty()
        .allSatisfy(
            panel -> {
              String uid = panel.getJsonObject("datasource").getString("uid");
              assertThat(provisioned).contains("\n    uid: " + uid + "\n");
              assertThat(panel.getJsonArray("targets").getValuesAs(JsonObject.class))
                  .isNotEmpty()
                  .allSatisfy(
                      target ->
                          assertThat(target.getJsonObject("datasource").getString("uid"))
                              .isEqualTo(uid));
            });
  }

  /** Prometheus 3 does not guess the format, so the page must state it. */
  @Test
  void thePageStatesItsFormat() throws Exception {
    HttpResponse<Void> response =
        CLIENT.send(
            HttpRequest.newBuilder(
                    URI.create("http://localhost:" + pipeline.instance().httpPort() + "/metrics"))
                .build(),
            HttpResponse.BodyHandlers.discarding());
    assertThat(response.headers().firstValue("Content-Type").orElse("")).startsWith("text/plain");
  }

  @Test
  void aDeadLetterRaisesItsAlert() throws Exception {
    // an increase needs a sample from before
    await()
        .atMost(SOON)
        .ignoreExceptions()
        .until(() -> !query("datapipeline_records_dead_lettered_total").isEmpty());
    pipeline
        .producer()
        .send(new ProducerRecord<>(pipeline.name(), 0, null, "no json".getBytes(UTF_8)));
    pipeline.producer().flush();
    await()
        .atMost(SOON)
        .ignoreExceptionsInstanceOf(IOException.class)
        .until(
            () ->
                !query("ALERTS{alertname=\"DatapipelineDeadLetters\",alertstate=\"firing\"}")
                    .isEmpty());
    assertThat(notification(WEBHOOK))
        .startsWith("/planted-token ")
        // Prometheus estimates the number
        .contains("\"status\":\"firing\"", "in the last five minutes. The table dead_letters");
    assertThat(notification(mail.messages()))
        .contains("RCPT TO:<on-call@example.com>", "RCPT TO:<second@example.com>")
        .contains("MAIL FROM:<datapipeline@example.com>", "user mailer", MAIL_PASSWORD);
    JsonArray groups = ask("/api/v1/rules").getJsonObject("data").getJsonArray("groups");
    assertThat(groups).isNotEmpty();
    for (JsonObject group : groups.getValuesAs(JsonObject.class)) {
      assertThat(group.getJsonArray("rules").getValuesAs(JsonObject.class))
          .hasSizeGreaterThanOrEqualTo(6)
          .allSatisfy(rule -> assertThat(rule.getString("health")).isNotEqualTo("err"));
    }
  }

  /** Returns the first message that is about dead letters. */
  private static String notification(BlockingQueue<String> messages) throws InterruptedException {
    for (String message; (message = messages.poll(90, TimeUnit.SECONDS)) != null; ) {
      if (message.contains("DatapipelineDeadLetters")) {
        return message;
      }
    }
    throw new AssertionError("nobody was notified; see " + DIRECTORY.resolve("alertmanager.log"));
  }

  @Test
  void onlyTheFileHasTheSecretsOfTheReceivers() throws Exception {
    Path process = Path.of("/proc", Long.toString(alertmanager.pid()));
    await()
        .atMost(SOON)
        .until(() -> Files.readString(process.resolve("cmdline")).contains("--config.file="));
    assertThat(Files.readString(process.resolve("cmdline")) + environment(process))
        .contains("--config.file=", "PATH=")
        .doesNotContain("planted-token", MAIL_PASSWORD);
    Path config = DIRECTORY.resolve("alertmanager.yml");
    assertThat(Files.readString(config)).contains("planted-token");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(config)))
        .isEqualTo("rw-------");
  }

  private static String environment(Path process) throws IOException {
    return new String(Files.readAllBytes(process.resolve("environ")), UTF_8);
  }

  @ParameterizedTest
  @CsvSource({
    "ALERT_WEBHOOK_URL, elsewhere.example/hook, must begin with http",
    "ALERT_EMAIL_TO, on-call@example.com, needs ALERT_SMTP_HOST",
    "ALERT_SMTP_TLS, yes, must be true or false",
    "ALERT_SMTP_PASSWORD, 'two\nlines', must be one line",
  })
  void aReceiverThatCannotWorkIsRefusedAtTheStart(String setting, String value, String reason)
      throws Exception {
    ProcessBuilder builder = alertmanager("--version").redirectOutput(ProcessBuilder.Redirect.PIPE);
    builder.environment().put(setting, value.translateEscapes());
    builder.environment().put("ALERT_CONFIG", DIRECTORY.resolve("refused.yml").toString());
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as(output).isEqualTo(1);
    assertThat(output).contains(setting, reason).doesNotContain("two");
  }

  /**
   * Returns the lines of the log, which are JSON but for those of the launcher and of the JVM
   * itself.
   */
  private static List<JsonObject> log() {
    List<String> lines =
        pipeline.instance().log().stream()
            .dropWhile(line -> !line.startsWith("{"))
            .filter(line -> !line.contains(" VM warning: "))
            .toList();
    assertThat(lines).isNotEmpty().allMatch(line -> line.startsWith("{") && line.endsWith("}"));
    return lines.stream()
        .map(line -> Json.createReader(new StringReader(line)).readObject())
        .toList();
  }

  private static String message(JsonObject line) {
    return line.getString("message", "") + line.getString("ibm_stackTrace", "");
  }

  @Test
  void everyLineOfTheLogIsJson() {
    await("a stack trace")
        .atMost(SOON)
        .until(() -> log().stream().anyMatch(line -> message(line).contains("\n\tat ")));
    assertThat(log())
        .anyMatch(line -> message(line).contains("datapipeline is starting: "))
        // hidden, although it has happened
        .noneMatch(line -> line.getString("ibm_messageId", "").equals("CWWKS4118E"));
  }

  @Test
  void theAccessLogHasRequestsWithoutSecrets() throws Exception {
    String login = Base64.getEncoder().encodeToString("operator:planted-password".getBytes(UTF_8));
    HttpResponse<Void> response =
        CLIENT.send(
            HttpRequest.newBuilder(
                    URI.create(
                        "http://localhost:%d/api/events?filter=planted-query"
                            .formatted(pipeline.instance().httpPort())))
                .header("Authorization", "Basic " + login)
                .build(),
            HttpResponse.BodyHandlers.discarding());
    await()
        .atMost(SOON)
        .untilAsserted(
            () ->
                assertThat(log())
                    .filteredOn(line -> line.getString("type").equals("liberty_accesslog"))
                    .filteredOn(line -> line.getString("ibm_uriPath", "").equals("/api/events"))
                    .anySatisfy(
                        line -> {
                          assertThat(line.getString("ibm_requestMethod")).isEqualTo("GET");
                          assertThat(line.getInt("ibm_responseCode"))
                              .isEqualTo(response.statusCode());
                          assertThat(line).containsKeys("ibm_requestElapsedTime", "ibm_remoteHost");
                        }));
    for (Path file : pipeline.instance().logFiles()) {
      assertThat(Files.readString(file)).doesNotContain("planted-query", "planted-password", login);
    }
  }
}
