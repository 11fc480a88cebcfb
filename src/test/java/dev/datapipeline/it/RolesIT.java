package dev.datapipeline.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jakarta.json.JsonObject;
import java.io.IOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * The roles of the HTTP API behind a trusted proxy: nobody may do anything without credentials. The
 * operator's password is generated.
 */
class RolesIT {
  private static final Pattern GENERATED =
      Pattern.compile("password of the user operator is (\\S+)");
  private static final String DEVICE = "device-password";
  private static final String ANALYST = "analyst-password";

  private static final AtomicInteger clients = new AtomicInteger();

  private static Pipeline pipeline;
  private static Api api;
  private static String operatorPassword;

  @BeforeAll
  static void start() {
    pipeline =
        new Pipeline("roles", 1)
            .with("HTTP_TRUSTED_PROXIES", "127.0.0.1")
            .with("API_PRODUCER_USER", "device")
            .with("API_PRODUCER_PASSWORD", DEVICE)
            .with("API_READER_PASSWORD", ANALYST);
    Application application = pipeline.running();
    api = new Api(application.httpPort());
    List<String> printed =
        application.log().stream().filter(line -> GENERATED.matcher(line).find()).toList();
    assertThat(printed).hasSize(1);
    Matcher matcher = GENERATED.matcher(printed.get(0));
    assertThat(matcher.find()).isTrue();
    operatorPassword = matcher.group(1);
  }

  @AfterAll
  static void close() {
    pipeline.close();
  }

  private static HttpResponse<String> send(
      String client, String authorization, String method, String path) {
    Map<String, String> headers = new HashMap<>();
    headers.put("X-Forwarded-For", client);
    headers.put("Content-Type", "application/json");
    if (authorization != null) {
      headers.put("Authorization", authorization);
    }
    return api.request(
        method,
        path,
        method.equals("GET") ? BodyPublishers.noBody() : BodyPublishers.ofString("{}"),
        headers);
  }

  private static int status(String client, String authorization, String method, String path) {
    return send(client, authorization, method, path).statusCode();
  }

  /** Returns an address that has not sent a wrong password yet. */
  private static String newClient() {
    return "192.0.2." + clients.incrementAndGet();
  }

  private static void assertMay(String authorization, int read, int post, int control, int replay) {
    assertThat(status(newClient(), authorization, "GET", "/api/events")).isEqualTo(read);
    assertThat(status(newClient(), authorization, "GET", "/api/health/ready")).isEqualTo(read);
    assertThat(status(newClient(), authorization, "POST", "/api/events")).isEqualTo(post);
    assertThat(status(newClient(), authorization, "POST", "/api/pipeline/consumer/resume"))
        .isEqualTo(control);
    assertThat(status(newClient(), authorization, "POST", "/api/dead-letters/replay"))
        .isEqualTo(replay);
  }

  private static String operator() {
    return Api.basic("operator", operatorPassword);
  }

  @Test
  void withoutCredentialsNobodyMayDoAnything() {
    assertThat(operatorPassword.length()).isGreaterThanOrEqualTo(20);
    assertMay(null, 401, 401, 401, 401);
    assertMay("Bearer eyJhbGciOiJub25lIn0.e30.", 401, 401, 401, 401);
  }

  @Test
  void theOperatorMayDoEverything() {
    assertMay(operator(), 200, 202, 200, 200);
  }

  /** A device that posts must not hold a password that pauses. */
  @Test
  void aProducerMayPostAndNothingElse() {
    assertMay(Api.basic("device", DEVICE), 403, 202, 403, 403);
  }

  @Test
  void aReaderMayReadAndNothingElse() {
    assertMay(Api.basic("reader", ANALYST), 200, 403, 403, 403);
  }

  @Test
  void noOtherPasswordIsAccepted() {
    for (String user : List.of("operator", "device", "reader")) {
      for (String wrong : List.of("", "operator", "${OPERATOR_PASSWORD}", DEVICE + ANALYST)) {
        assertThat(status(newClient(), Api.basic(user, wrong), "GET", "/api/events"))
            .as("%s with the password '%s'", user, wrong)
            .isEqualTo(401);
      }
    }
  }

  @Test
  void whoGuessesPasswordsIsSlowedDownAndCounted() throws IOException {
    String attacker = "203.0.113.9";
    double before = refused();
    for (int i = 0; i < 5; i++) {
      assertThat(status(attacker, Api.basic("operator", "guess-" + i), "GET", "/api/events"))
          .isEqualTo(401);
    }

    // the right password as well: otherwise the attacker would learn it all the same
    HttpResponse<String> response = send(attacker, operator(), "GET", "/api/events");

    assertThat(response.statusCode()).isEqualTo(429);
    assertThat(response.body()).contains("wrong passwords");
    assertThat(response.headers().firstValueAsLong("Retry-After").orElse(0)).isBetween(1L, 60L);
    assertThat(refused() - before).isGreaterThanOrEqualTo(6);
    // an attacker who writes the header cannot lock out another address, or escape
    assertThat(status("203.0.113.10", operator(), "GET", "/api/events")).isEqualTo(200);
    assertThat(status("203.0.113.10, " + attacker, operator(), "GET", "/api/events"))
        .isEqualTo(429);
    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> status(attacker, operator(), "GET", "/api/events") == 200);
  }

  private static double refused() throws IOException {
    return Metrics.of(pipeline.instance()).sum("datapipeline_http_credentials_refused_total");
  }

  @Test
  void whatOperatorsDoIsRecorded() {
    String path = "/api/pipeline/producer/interval?interval=PT7S&source=none";

    assertThat(status("198.51.100.7", operator(), "PUT", path)).isEqualTo(404);
    assertThat(status("198.51.100.7", operator(), "POST", "/api/operator")).isEqualTo(200);
    assertThat(status("198.51.100.7", operator(), "POST", "/api/events")).isEqualTo(202);
    assertThat(status("198.51.100.7", Api.basic("reader", ANALYST), "PUT", path)).isEqualTo(403);

    await()
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(
            () ->
                assertThat(actionsFrom("198.51.100.7"))
                    .singleElement()
                    .satisfies(
                        action -> {
                          assertThat(action.getString("operator")).isEqualTo("operator");
                          assertThat(action.getString("action")).isEqualTo("PUT " + path);
                          assertThat(action.getInt("status")).isEqualTo(404);
                          assertThat(action.getString("at")).endsWith("Z");
                        }));
    assertThat(pipeline.instance().log())
        .anyMatch(line -> line.contains("operator operator at 198.51.100.7: PUT " + path));
  }

  private static List<JsonObject> actionsFrom(String address) {
    return Api.json(send(newClient(), operator(), "GET", "/api/operator/actions?limit=1000"))
        .getJsonArray("actions")
        .getValuesAs(JsonObject.class)
        .stream()
        .filter(action -> action.getString("address").equals(address))
        .toList();
  }

  /** The controls work, and the record follows. */
  @Test
  void anActionDuringAnOutageIsRecordedLater() {
    String path = "/api/pipeline/consumer/resume?during=an-outage";
    pipeline.database().execute("ALTER TABLE operator_actions RENAME TO away");
    try {
      assertThat(status("198.51.100.8", operator(), "POST", path)).isEqualTo(200);
      await()
          .atMost(Duration.ofSeconds(30))
          .until(
              () ->
                  pipeline.instance().log().stream()
                      .anyMatch(line -> line.contains("actions of operators are not yet in")));
    } finally {
      pipeline.database().execute("ALTER TABLE away RENAME TO operator_actions");
    }

    await().atMost(Duration.ofSeconds(30)).until(() -> actionsFrom("198.51.100.8").size() == 1);
  }

  /** As docs/security.md shows it. */
  @Test
  void nginxReportsTheClientsAddress() throws Exception {
    try (ReverseProxy nginx =
        ReverseProxy.nginx(
            """
            proxy_pass http://127.0.0.1:%d;
            proxy_http_version 1.1;
            proxy_buffering off;
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            """
                .formatted(pipeline.instance().httpPort()))) {
      assertReports(nginx, "198.51.100.9");
    }
  }

  @Test
  void haproxyReportsTheClientsAddress() throws Exception {
    try (ReverseProxy haproxy =
        ReverseProxy.haproxy(pipeline.instance().httpPort(), "mode http\n  option forwardfor")) {
      assertReports(haproxy, "198.51.100.10");
    }
  }

  /** The proxy appends the address of this test, which is one of a trusted proxy here. */
  private static void assertReports(ReverseProxy proxy, String client) {
    Api outside = new Api(proxy.port());

    HttpResponse<String> response =
        outside.request(
            "POST",
            "/api/pipeline/consumer/resume",
            BodyPublishers.noBody(),
            Map.of(
                "Authorization",
                operator(),
                "X-Forwarded-For",
                client,
                "Origin",
                "http://localhost:" + proxy.port()));

    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    assertThat(outside.get("/api/events").statusCode()).isEqualTo(401);
    await().atMost(Duration.ofSeconds(30)).until(() -> actionsFrom(client).size() == 1);
  }
}
