package dev.datapipeline.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jakarta.json.JsonObject;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Attacks on the HTTP API. */
class ApiSecurityIT {
  private static final Duration SHORT = Duration.ofSeconds(10);
  private static final String JSON = "application/json";
  private static final Tokens TOKENS = new Tokens();

  private static final AtomicInteger addresses = new AtomicInteger();

  private static Pipeline pipeline;
  private static Api api;

  /** Passwords and tokens are both accepted, so that every attempt can try both ways in. */
  @BeforeAll
  static void start(@TempDir Path folder) throws IOException {
    pipeline =
        new Pipeline("door", 1)
            .with("OPERATOR_PASSWORD", Api.PASSWORD)
            .with("API_MAX_POST_TIME", "PT3S")
            // the rows of other tests are in the table, too
            .with("API_QUERY_TIMEOUT", "PT5M")
            .with("API_MAX_EVENT_BYTES", "1000000");
    TOKENS.settings(folder).forEach(pipeline::with);
    api = new Api(pipeline.running().httpPort());
  }

  @AfterAll
  static void close() {
    pipeline.close();
  }

  private static int status(HttpResponse<String> response) {
    return response.statusCode();
  }

  /** Returns a loopback address that has not sent a wrong password yet. */
  private static String newAddress() {
    int number = addresses.incrementAndGet();
    return "127.1.%d.%d".formatted(number >> 8, number & 0xFF);
  }

  private static void assertStillServing() {
    assertThat(status(api.get("/api/events?limit=1"))).isEqualTo(200);
    Pipeline.awaitReady(pipeline.instance());
  }

  // the operator

  @ParameterizedTest
  @CsvSource({
    "POST, /api/events",
    "POST, /api/dead-letters/replay",
    "POST, /api/dead-letters/1/replay",
    "POST, /api/dead-letters/1/correction",
    "POST, /api/pipeline/producer/pause",
    "POST, /api/pipeline/producer/resume",
    "POST, /api/pipeline/producer/tick",
    "PUT, /api/pipeline/producer/interval?interval=PT1S",
    "POST, /api/pipeline/consumer/pause",
    "POST, /api/pipeline/consumer/resume",
    "DELETE, /api/events/1",
    "PATCH, /api/events/1",
    "POST, /api/nothing-that-is-here",
    "POST, /api//events",
    "POST, /api/events/",
    "POST, /api/%65vents",
    "POST, /api/events;a=b",
    "POST, /x/../api/events"
  })
  void onlyTheOperatorWritesAndControls(String method, String path) {
    List<Map<String, String>> strangers =
        List.of(
            Map.of(),
            Map.of("Authorization", Api.basic(Api.USER, "wrong")),
            Map.of("Authorization", Api.basic(Api.USER, "")),
            Map.of("Authorization", Api.basic("", "")),
            Map.of("Authorization", Api.basic("OPERATOR", Api.PASSWORD)),
            Map.of("Authorization", Api.basic("admin", Api.PASSWORD)),
            Map.of("Authorization", Api.basic(Api.USER + "\u0000", Api.PASSWORD)),
            Map.of("Authorization", "Basic"),
            Map.of("Authorization", "Basic %%%"),
            Map.of("Authorization", "Bearer eyJhbGciOiJub25lIn0.e30."),
            Map.of("X-HTTP-Method-Override", "GET"),
            Map.of("X-Forwarded-User", Api.USER),
            Map.of("$WSRU", Api.USER),
            Map.of("$WSRA", "127.0.0.1"));
    for (Map<String, String> headers : strangers) {
      assertThat(api.statusFrom(newAddress(), method, path, headers))
          .as("%s", headers)
          .isIn(400, 401, 403, 404, 405);
    }
    assertThat(api.json("/api/pipeline").getJsonObject("consumer").getBoolean("paused")).isFalse();
  }

  @Test
  void aRefusalNamesTheAuthenticationScheme() {
    HttpResponse<String> response =
        api.request("POST", "/api/events", BodyPublishers.ofString("{}"), Map.of());

    assertThat(status(response)).isEqualTo(401);
    assertThat(response.headers().firstValue("WWW-Authenticate").orElse("")).startsWith("Basic");
    assertThat(response.headers().firstValue("Content-Type").orElse(""))
        .startsWith("application/problem+json");
  }

  // tokens (MicroProfile JWT)

  private static int postAs(String authorization) {
    return status(
        api.request(
            "POST",
            "/api/events",
            BodyPublishers.ofString("{}"),
            Map.of("Content-Type", JSON, "Authorization", authorization)));
  }

  @Test
  void aTokenOfAnOperatorIsAccepted() throws GeneralSecurityException {
    assertThat(postAs("Bearer " + TOKENS.of("operator"))).isEqualTo(202);
  }

  @Test
  void thePasswordIsAcceptedBesideTokens() {
    assertThat(postAs(Api.basic(Api.USER, Api.PASSWORD))).isEqualTo(202);
    assertThat(postAs(Api.basic(Api.USER, "wrong"))).isEqualTo(401);
  }

  @Test
  void aTokenOfAProducerMayPostOnly() throws GeneralSecurityException {
    String token = "Bearer " + TOKENS.of("producer");

    assertThat(postAs(token)).isEqualTo(202);
    assertThat(
            status(
                api.request(
                    "POST",
                    "/api/pipeline/consumer/resume",
                    BodyPublishers.noBody(),
                    Map.of("Authorization", token))))
        .isEqualTo(403);
  }

  @Test
  void everyOtherTokenIsRefused() throws GeneralSecurityException {
    assertThat(postAs("Bearer " + TOKENS.of("reader"))).isEqualTo(403);
    TOKENS
        .invalid()
        .forEach(
            (reason, token) -> assertThat(postAs("Bearer " + token)).as(reason).isEqualTo(401));
  }

  /** A browser sends them, although it doesn't let the page read the answer. */
  @ParameterizedTest
  @ValueSource(strings = {"cross-site", "same-site"})
  void readsOfPagesOfOtherSitesAreRefused(String site) {
    HttpResponse<String> response =
        api.request(
            "GET",
            "/api/events/export.csv",
            BodyPublishers.noBody(),
            Map.of("Sec-Fetch-Site", site));

    assertThat(status(response)).isEqualTo(403);
  }

  @Test
  void pagesOfOtherSitesAreRefused() {
    HttpResponse<String> response =
        api.post(
            "/api/pipeline/consumer/resume",
            Map.of("Origin", "http://evil.example"),
            BodyPublishers.noBody());

    assertThat(status(response)).isEqualTo(403);
  }

  // reading

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Host: evil.example",
        "Host: localhost.evil.example",
        "Host: localhost\r\nX-Forwarded-For: 203.0.113.9",
        "Host: localhost\r\nForwarded: for=203.0.113.9",
        "Host: localhost\r\nX-Real-IP: 127.0.0.1"
      })
  void dataCanBeReadFromLoopbackOnly(String headers) {
    for (String path :
        new String[] {"/api/events", "/api/stats", "/api/dead-letters", "/api/events/export.csv"}) {
      String answer =
          api.raw(
              "GET %s HTTP/1.1\r\n%s\r\nConnection: close\r\n\r\n".formatted(path, headers), SHORT);
      assertThat(Api.status(answer)).as(answer).isIn(400, 401, 403);
    }
  }

  /** By default nginx adds no header, names the application's own address, and uses HTTP 1.0. */
  @ParameterizedTest
  @ValueSource(strings = {"1.0", "1.1"})
  void aPlainNginxOnThisMachineDoesNotOpenTheData(String version) throws Exception {
    try (ReverseProxy nginx =
        ReverseProxy.nginx(
            "proxy_http_version %s; proxy_pass http://127.0.0.1:%d;"
                .formatted(version, pipeline.instance().httpPort()))) {
      assertClosed(nginx);
    }
  }

  @Test
  void aTunnelOnThisMachineDoesNotOpenTheData() throws Exception {
    try (ReverseProxy haproxy = ReverseProxy.haproxy(pipeline.instance().httpPort(), "mode tcp")) {
      assertClosed(haproxy);
    }
  }

  private static void assertClosed(ReverseProxy proxy) {
    Api outside = new Api(proxy.port());
    assertThat(status(outside.get("/health/live"))).isEqualTo(200);
    assertThat(status(outside.get("/api/events"))).isEqualTo(401);
    assertThat(status(outside.get("/api/health/ready"))).isEqualTo(401);
  }

  /** Addresses and errors are for those who may read. */
  @Test
  void healthShowsNamesAndStatusesOnly() {
    for (String path :
        new String[] {"/health", "/health/started", "/health/ready", "/health/live"}) {
      List<JsonObject> checks =
          Api.json(api.get(path)).getJsonArray("checks").getValuesAs(JsonObject.class);
      assertThat(checks)
          .extracting(check -> check.getJsonObject("data").isEmpty())
          .containsOnly(true);
      assertThat(api.json("/api" + path).getJsonArray("checks"))
          .extracting(check -> check.asJsonObject().getString("name"))
          .containsExactlyInAnyOrderElementsOf(
              checks.stream().map(check -> check.getString("name")).toList());
    }
    assertThat(api.get("/api/health/ready").body()).contains("address", "bootstrapServers", "lag");
  }

  @Test
  void healthIsOpenToEveryone() {
    String answer =
        api.raw(
            "GET /health/live HTTP/1.1\r\nHost: any.example\r\nX-Forwarded-For: 203.0.113.9\r\nConnection: close\r\n\r\n",
            SHORT);

    assertThat(Api.status(answer)).isEqualTo(200);
  }

  // paths

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/../server.xml",
        "/..%2f..%2fserver.xml",
        "/%2e%2e/%2e%2e/server.xml",
        "/WEB-INF/web.xml",
        "/web-inf/web.xml",
        "/WEB-INF%2fweb.xml",
        "/META-INF/microprofile-config.properties",
        "/api/../WEB-INF/web.xml",
        "/api/events/..%2f..%2fWEB-INF%2fweb.xml",
        "/api/events/1;/../../WEB-INF/web.xml",
        "/%c0%ae%c0%ae/server.xml",
        "/\\..\\..\\server.xml"
      })
  void noPathLeadsToAnInternalFile(String path) {
    String answer =
        api.raw(
            "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".formatted(path),
            SHORT);

    assertThat(Api.status(answer)).as(answer).isIn(0, 400, 403, 404);
    assertThat(answer).doesNotContain("Exception", "stack", "internal classes");
    assertThat(answer).doesNotContain("featureManager", "web-app", "kafka.bootstrap");
  }

  // sizes and times

  @Test
  void compressionBombsAreRefused() throws IOException {
    for (String unit : new String[] {" ", "\n", "\"" + "x".repeat(1000)}) {
      HttpResponse<String> response =
          api.post(
              "/api/events",
              Map.of("Content-Type", "application/x-ndjson", "Content-Encoding", "gzip"),
              BodyPublishers.ofByteArray(packed(unit, 200_000_000)));
      assertThat(status(response)).as(response.body()).isEqualTo(413);
    }
    assertStillServing();
  }

  private static byte[] packed(String unit, int bytes) throws IOException {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    byte[] block =
        unit.repeat(Math.max(1, 100_000 / unit.length())).getBytes(StandardCharsets.UTF_8);
    try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
      for (int written = 0; written < bytes; written += block.length) {
        gzip.write(block);
      }
    }
    return packed.toByteArray();
  }

  @Test
  void aSlowRequestIsAborted() throws IOException {
    String begin =
        "POST /api/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: %s\r\n"
                .formatted(Api.basic(Api.USER, Api.PASSWORD))
            + "Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n";
    try (Socket socket = api.open(begin)) {
      StringBuilder answer = new StringBuilder();
      socket.setSoTimeout(50);
      await()
          .atMost(Pipeline.PATIENCE)
          .until(
              () -> {
                drip(socket, answer);
                return answer.toString().contains("HTTP/1.1 408");
              });
      assertThat(answer.toString()).contains("API_MAX_POST_TIME");
    }
    assertStillServing();
  }

  private static void drip(Socket socket, StringBuilder answer) throws IOException {
    if (answer.isEmpty()) {
      socket.getOutputStream().write("3\r\n{}\n\r\n".getBytes(StandardCharsets.US_ASCII));
      socket.getOutputStream().flush();
    }
    byte[] bytes = new byte[4096];
    try {
      int read = socket.getInputStream().read(bytes);
      if (read > 0) {
        answer.append(new String(bytes, 0, read, StandardCharsets.US_ASCII));
      }
    } catch (java.net.SocketTimeoutException e) {
      // nothing yet
      return;
    }
  }

  @Test
  void manyOpenConnectionsDoNotBlockOthers() throws IOException {
    List<Socket> open = new ArrayList<>();
    try {
      for (int i = 0; i < 300; i++) {
        open.add(api.open("GET /api/events HTTP/1.1\r\nHost: localhost\r\nX-Slow: "));
      }
      assertStillServing();
    } finally {
      for (Socket socket : open) {
        socket.close();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET /api/events HTTP/1.1\r\nHost: localhost\r\nX-Long: %LONG%\r\n\r\n",
        "GET /api/events?path=%LONG% HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /api/events HTTP/1.1\r\n\r\n",
        "GET /api/events HTTP/9.9\r\nHost: localhost\r\n\r\n",
        "NONSENSE\r\n\r\n",
        "POST /api/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        "POST /api/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        "POST /api/events HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        "\u0000\u0001\u0002\r\n\r\n"
      })
  void invalidRequestsAreRefused(String request) {
    String answer =
        api.raw(
            request
                .replace("%LONG%", "a".repeat(70_000))
                .replaceFirst("\r\n\r\n", "\r\nConnection: close\r\n\r\n"),
            Duration.ofSeconds(40));

    assertThat(Api.status(answer)).as(answer).isNotIn(200, 202, 500);
    assertThat(answer).doesNotContain("Exception", "\tat ");
    assertStillServing();
  }

  @Test
  void deepNestingIsRefused() {
    for (String open : new String[] {"[", "{\"a\":", "[{\"a\":"}) {
      HttpResponse<String> response =
          api.post(
              "/api/events", "application/x-ndjson", open.repeat(900_000 / open.length()) + "\n");
      assertThat(status(response)).as(response.body()).isEqualTo(400);
      assertThat(response.body().length()).isLessThan(2000);
    }
    assertStillServing();
  }

  // injection

  @ParameterizedTest
  @ValueSource(
      strings = {
        "topic=x'%20OR%20'1'='1",
        "topic=x';DROP%20TABLE%20raw_events;--",
        "path=a&value=x'%20OR%20'1'='1",
        "path=a'%5D&value=1",
        "path=%7Ba,b%7D&value=1",
        "path=$%5B%22%5C%22,%5C%22%22%5D&value=1",
        "path=a%5C&value=%5C",
        "after=1-1;DELETE%20FROM%20raw_events"
      })
  void parametersAreNotExecutedAsSql(String query) {
    assertThat(status(api.post("/api/events", JSON, "{\"a\":\"kept\"}"))).isEqualTo(202);
    pipeline.assertEverythingStoredExactlyOnce();
    long before = pipeline.stored();

    HttpResponse<String> response = api.get("/api/events?" + query);

    assertThat(status(response)).as(response.body()).isIn(200, 400);
    if (status(response) == 200) {
      assertThat(Api.json(response).getJsonArray("events")).isEmpty();
    }
    assertThat(pipeline.stored()).isEqualTo(before);
  }

  @Test
  void inputCannotForgeLogLines() {
    String forged = "forged-line-of-the-log";
    api.get("/api/events?from=x%0A" + forged);
    api.get("/api/events?topic=x%0D%0A" + forged);
    api.post("/api/events", JSON, "{\"a\":\n" + forged);
    api.post("/api/events?topic=x%0A" + forged, JSON, "{}");
    api.control("POST", "/api/pipeline/producer/pause?source=x%0A" + forged);
    api.control("PUT", "/api/pipeline/producer/interval?interval=x%0A" + forged);
    api.control("POST", "/api/dead-letters/replay?reasonLike=x%0A" + forged);
    api.request(
        "POST",
        "/api/events",
        BodyPublishers.ofString("{}"),
        Map.of("Authorization", Api.basic("x\n" + forged, "x\n" + forged)));
    assertStillServing();

    assertThat(pipeline.instance().log())
        .noneMatch(line -> line.startsWith(forged))
        .anyMatch(line -> line.contains("wrong credentials were refused"));
  }

  @Test
  void secretsAreNeitherLoggedNorReturned() {
    api.post("/api/events", JSON, "{");
    for (String path :
        new String[] {
          "/health",
          "/api/health",
          "/api/operator/actions",
          "/api/stats",
          "/api/pipeline",
          "/openapi",
          "/api/nothing",
          "/api/events?limit=x"
        }) {
      assertThat(api.get(path).body())
          .doesNotContain(Api.PASSWORD, pipeline.backends().environment().get("DB_PASSWORD"));
    }

    assertThat(pipeline.instance().log())
        .noneMatch(line -> line.contains(Api.PASSWORD))
        .noneMatch(line -> line.contains(pipeline.backends().environment().get("DB_PASSWORD")))
        .noneMatch(line -> line.contains(Api.basic(Api.USER, Api.PASSWORD)));
  }

  @Test
  void everyResponseHasSecurityHeaders() {
    for (String path : new String[] {"/api/events", "/api/nothing", "/health", "/nothing", "/"}) {
      HttpResponse<String> response = api.get(path);
      assertThat(response.headers().firstValue("Content-Security-Policy").orElse(""))
          .as(path)
          .contains("default-src 'none'", "script-src 'self';", "frame-ancestors 'none'");
      assertThat(response.headers().firstValue("X-Content-Type-Options")).hasValue("nosniff");
      assertThat(response.headers().firstValue("Referrer-Policy")).isPresent();
      assertThat(response.headers().firstValue("Server")).isEmpty();
      assertThat(response.headers().firstValue("X-Powered-By")).isEmpty();
    }
  }
}
