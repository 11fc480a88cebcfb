package dev.datapipeline.it;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jakarta.json.JsonArray;
import jakarta.json.JsonObject;
import jakarta.json.JsonValue;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Map.Entry;
import java.util.UUID;
import java.util.zip.GZIPOutputStream;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The HTTP API on a real server: posting events, queries and controls. */
class ApiIT {
  private static final String JSON = "application/json";
  private static final String NDJSON = "application/x-ndjson";
  private static final String PROBLEM = "application/problem+json";

  private static Pipeline pipeline;
  private static Api api;
  private static int marks;

  @BeforeAll
  static void start() {
    pipeline =
        new Pipeline("api", 2)
            .with("OPERATOR_PASSWORD", Api.PASSWORD)
            .with("PRODUCER_ENABLED", "true")
            // the tests request ticks; the first one may come before the topic exists
            .with("PRODUCER_INTERVAL", "PT12H")
            .with("PRODUCER_EVENTS_PER_TICK", "5")
            .with("API_MAX_EVENT_BYTES", "100000")
            .with("API_MAX_POSTS", "2")
            // the rows of other tests are in the table, too
            .with("API_QUERY_TIMEOUT", "PT5M");
    api = new Api(pipeline.running().httpPort());
  }

  @AfterAll
  static void close() {
    pipeline.close();
  }

  /** Returns a text that no other event contains. */
  private static String mark() {
    return "mark-" + marks++;
  }

  private static List<String> stored(String mark) {
    return pipeline
        .database()
        .query(
            "SELECT payload::text FROM raw_events_source"
                + " WHERE topic = 'api' AND strpos(payload::text, ?) > 0 ORDER BY id",
            mark)
        .stream()
        .map(row -> row.get(0))
        .toList();
  }

  private static void awaitStored(String mark, int events) {
    await().atMost(Pipeline.PATIENCE).until(() -> stored(mark).size() >= events);
    assertThat(stored(mark)).hasSize(events);
  }

  private static void assertAccepted(HttpResponse<String> response, int events) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(202);
    assertThat(Api.json(response).getInt("accepted")).isEqualTo(events);
  }

  private static JsonObject assertProblem(HttpResponse<String> response, int status) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    assertThat(response.headers().firstValue("Content-Type").orElse("")).startsWith(PROBLEM);
    JsonObject problem = Api.json(response);
    assertThat(problem.getInt("status")).isEqualTo(status);
    assertThat(problem.getString("detail")).isNotBlank();
    return problem;
  }

  // posting events

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{ \"b\":1.50e+3,\t\"a\" : [\"Grüße\", 123456789012345678901234567890.10], \"b\":2, \"m\":\"%s\" }",
        "\"%s\"",
        "{\"m\":\"%s\",\n \"nul\":\"\\u0000\"}"
      })
  void aDocumentIsStoredAsSent(String form) {
    String mark = mark();
    String document = form.formatted(mark);

    assertAccepted(api.post("/api/events", JSON, document), 1);

    awaitStored(mark, 1);
    assertThat(stored(mark)).containsExactly(document);
  }

  @Test
  void eachElementOfAnArrayIsAnEvent() {
    String mark = mark();
    String array = " [ {\"m\":\"%1$s\",\"x\":[1,{\"]\":\"[\\\"\"}]} ,\n\"%1$s,]\" ] \n";

    assertAccepted(api.post("/api/events", JSON, array.formatted(mark)), 2);

    awaitStored(mark, 2);
    assertThat(stored(mark))
        .containsExactlyInAnyOrder(
            "{\"m\":\"%s\",\"x\":[1,{\"]\":\"[\\\"\"}]}".formatted(mark),
            "\"%s,]\"".formatted(mark));
  }

  @Test
  void manyCompressedLinesAreAllStored() throws IOException {
    String mark = mark();
    int lines = 100_000;
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
      for (int i = 0; i < lines; i++) {
        gzip.write(
            "{\"m\":\"%s\",\"i\":%d}\r\n\n".formatted(mark, i).getBytes(StandardCharsets.UTF_8));
      }
    }

    assertAccepted(
        api.post(
            "/api/events",
            Map.of("Content-Type", NDJSON, "Content-Encoding", "gzip"),
            BodyPublishers.ofByteArray(packed.toByteArray())),
        lines);

    awaitStored(mark, lines);
    pipeline.assertEverythingStoredExactlyOnce();
  }

  @Test
  void anInvalidLineIsReportedAndTheLinesBeforeItAreAccepted() {
    String mark = mark();
    String lines = "{\"m\":\"%1$s\"}\n\n{\"m\":\"%1$s\"}\n{\"m\":\"%1$s\"\n{\"m\":\"%1$s\"}\n";

    HttpResponse<String> response = api.post("/api/events", NDJSON, lines.formatted(mark));

    JsonObject problem = assertProblem(response, 400);
    assertThat(problem.getInt("line")).isEqualTo(4);
    assertThat(problem.getInt("accepted")).isEqualTo(2);
    assertThat(problem.getString("detail")).startsWith("line 4 is not valid JSON: ");
    awaitStored(mark, 2);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " \n ",
        "[]",
        "{",
        "{}{}",
        "[1,]",
        "[1,,2]",
        "[1",
        "[1] 2",
        "nul",
        "{'a':1}",
        "[01]",
        "\"\t\"",
        "{\"a\":1}}",
        "[{\"a\":]}]",
        "\ud800"
      })
  void invalidJsonIsRefused(String body) {
    assertProblem(api.post("/api/events", JSON, body), 400);
  }

  @Test
  void invalidUtf8IsRefused() {
    HttpResponse<String> response =
        api.post(
            "/api/events",
            Map.of("Content-Type", JSON),
            BodyPublishers.ofByteArray(new byte[] {'"', (byte) 0xC3, '(', '"'}));

    assertThat(assertProblem(response, 400).getString("detail")).endsWith("not UTF-8");
  }

  @Test
  void anOversizedEventIsRefusedAndThoseBeforeItAreAccepted() {
    String mark = mark();
    String lines = "{\"m\":\"%s\"}\n\"%s\"\n".formatted(mark, "x".repeat(100_000));

    JsonObject problem = assertProblem(api.post("/api/events", NDJSON, lines), 413);

    assertThat(problem.getInt("line")).isEqualTo(2);
    assertThat(problem.getInt("accepted")).isEqualTo(1);
    awaitStored(mark, 1);
  }

  @ParameterizedTest
  @CsvSource({
    "text/plain,",
    "application/x-www-form-urlencoded,",
    "application/json;charset=iso-8859-1,",
    "application/json,br",
    "multipart/form-data,"
  })
  void otherMediaTypesAndEncodingsAreRefused(String type, String encoding) {
    Map<String, String> headers =
        encoding == null
            ? Map.of("Content-Type", type)
            : Map.of("Content-Type", type, "Content-Encoding", encoding);

    HttpResponse<String> response =
        api.post("/api/events", headers, BodyPublishers.ofString("{\"a\":1}"));

    assertProblem(response, 415);
    assertThat(response.headers().firstValue("Accept-Post")).isPresent();
  }

  @Test
  void aTopicOutsideThePipelineIsRefused() {
    assertProblem(api.post("/api/events?topic=elsewhere", JSON, "{}"), 400);
  }

  @Test
  void theTimestampOfARecentEventIsKept() {
    String mark = mark();
    Instant time = Instant.now().minusSeconds(3600);
    String events =
        "[{\"m\":\"%1$s-a\",\"timestamp\":\"%2$s\"},{\"m\":\"%1$s-b\",\"timestamp\":\"1999-01-01T00:00:00Z\"}]";

    assertAccepted(api.post("/api/events", JSON, events.formatted(mark, time)), 2);

    awaitStored(mark, 2);
    String age =
        "SELECT count(*) FROM raw_events WHERE strpos(payload::text, ?) > 0 AND now() - timestamp"
            + " BETWEEN ?::interval AND ?::interval";
    assertThat(pipeline.database().number(age, mark + "-a", "55 min", "65 min")).isOne();
    assertThat(pipeline.database().number(age, mark + "-b", "0 s", "5 min")).isOne();
  }

  // CloudEvents

  @Test
  void aCloudEventInStructuredModeIsStoredAsSent() {
    String mark = mark();
    String event =
        "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\",\"data\":{\"m\":\"%s\"}}"
            .formatted(mark);

    assertAccepted(api.post("/api/events", "application/cloudevents+json", event), 1);
    assertAccepted(
        api.post(
            "/api/events",
            "application/cloudevents-batch+json; charset=utf-8",
            "[%1$s,%1$s]".formatted(event)),
        2);

    awaitStored(mark, 3);
    assertThat(stored(mark)).containsOnly(event);
  }

  @Test
  void aCloudEventInBinaryModeKeepsItsAttributes() {
    String mark = mark();
    Map<String, String> headers =
        Map.of(
            "Content-Type", JSON,
            "ce-specversion", "1.0",
            "ce-id", "7",
            "ce-source", "/s",
            "ce-type", "t",
            "ce-subject", "caf%C3%A9");

    assertAccepted(
        api.post(
            "/api/events",
            headers,
            BodyPublishers.ofString("{\"m\":\"%s\",\"n\":1.0}".formatted(mark))),
        1);

    awaitStored(mark, 1);
    assertThat(stored(mark).get(0))
        .contains(
            "\"id\":\"7\"", "\"subject\":\"café\"", "\"datacontenttype\":\"application/json\"")
        .endsWith(",\"data\":{\"m\":\"%s\",\"n\":1.0}}".formatted(mark));
  }

  @Test
  void aCloudEventWithoutARequiredAttributeIsRefused() {
    JsonObject problem =
        assertProblem(
            api.post(
                "/api/events",
                "application/cloudevents+json",
                "{\"specversion\":\"1.0\",\"id\":\"1\",\"type\":\"t\"}"),
            400);

    assertThat(problem.getString("detail")).contains("no attribute source");
    assertProblem(
        api.post(
            "/api/events",
            Map.of("Content-Type", JSON, "ce-specversion", "1.0"),
            BodyPublishers.ofString("{}")),
        400);
  }

  // limits and outages

  @Test
  void tooManyConcurrentPostsAreToldToRetry() throws IOException {
    String begin =
        "POST /api/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: %s\r\n"
                .formatted(Api.basic(Api.USER, Api.PASSWORD))
            + "Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{}\n\r\n";
    List<Socket> open = new ArrayList<>(List.of(api.open(begin), api.open(begin)));
    try {
      await()
          .atMost(Pipeline.PATIENCE)
          .untilAsserted(
              () -> {
                HttpResponse<String> response = api.post("/api/events", JSON, "{}");
                assertProblem(response, 429);
                assertThat(response.headers().firstValue("Retry-After")).hasValue("1");
              });
      for (Socket socket : open) {
        socket.getOutputStream().write("0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      }
      await()
          .atMost(Pipeline.PATIENCE)
          .until(() -> api.post("/api/events", JSON, "{}").statusCode() == 202);
    } finally {
      for (Socket socket : open) {
        socket.close();
      }
    }
  }

  @Test
  void withoutABrokerNothingIsAcceptedAndClientsAreToldWhenToRetry() {
    pipeline.backends().kafka().kill();
    try {
      HttpResponse<String> response = api.post("/api/events", NDJSON, "{\"a\":1}\n{\"a\":2}\n");

      JsonObject problem = assertProblem(response, 503);
      assertThat(problem.getInt("accepted")).isZero();
      assertThat(response.headers().firstValue("Retry-After")).isPresent();
    } finally {
      pipeline.backends().kafka().start();
    }
    await()
        .atMost(Pipeline.PATIENCE)
        .until(() -> api.post("/api/events", JSON, "{}").statusCode() == 202);
    Pipeline.awaitReady(pipeline.instance());
  }

  // queries

  @Test
  void pagesFollowOneAnotherWithoutGapsOrRepeats() {
    String mark = mark();
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 25; i++) {
      lines.append("{\"page\":\"%s\",\"i\":%d}\n".formatted(mark, i));
    }
    assertAccepted(api.post("/api/events", NDJSON, lines.toString()), 25);
    awaitStored(mark, 25);

    List<Integer> ids = new ArrayList<>();
    List<Integer> seen = new ArrayList<>();
    String next = "/api/events?path=page&value=%s&topic=api&limit=10".formatted(mark);
    int pages = 0;
    while (next != null) {
      JsonObject page = api.json(next);
      for (JsonValue event : page.getJsonArray("events")) {
        ids.add(event.asJsonObject().getInt("id"));
        seen.add(event.asJsonObject().getJsonObject("payload").getInt("i"));
      }
      next = page.containsKey("next") ? page.getString("next") : null;
      pages++;
    }

    assertThat(pages).isEqualTo(3);
    assertThat(ids).hasSize(25).doesNotHaveDuplicates();
    assertThat(seen).hasSize(25).doesNotHaveDuplicates();
  }

  @Test
  void eventsAreFoundByTimeAndPathAndId() {
    String mark = mark();
    Instant before = Instant.now().minusSeconds(1);
    assertAccepted(
        api.post("/api/events", JSON, "{\"deep\":[{\"a b\":\"%s\"}]}".formatted(mark)), 1);
    awaitStored(mark, 1);
    String query =
        "/api/events?path=%s&value=%s"
            .formatted("$.deep[0]['a%20b']".replace("[", "%5B").replace("]", "%5D"), mark);

    JsonArray found = api.json(query + "&from=" + before).getJsonArray("events");
    assertThat(found).hasSize(1);
    JsonObject event = found.getJsonObject(0);
    assertThat(event.getString("topic")).isEqualTo("api");
    assertThat(api.json("/api/events/" + event.getInt("id"))).isEqualTo(event);
    assertThat(api.json(query + "&to=" + before).getJsonArray("events")).isEmpty();
    assertThat(api.json(query + "&topic=other").getJsonArray("events")).isEmpty();
    assertProblem(api.get("/api/events/999999999999"), 404);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "limit=0",
        "limit=10001",
        "limit=x",
        "from=yesterday",
        "after=1",
        "after=9999999999999999999-1",
        "to=%2B300000-01-01T00:00:00Z",
        "path=a",
        "value=a",
        "path=a%5B&value=1",
        "topic=%00"
      })
  void anInvalidParameterIsNamed(String parameter) {
    JsonObject problem = assertProblem(api.get("/api/events?" + parameter), 400);

    assertThat(problem.getString("detail")).containsAnyOf(parameter.split("=")[0], "path");
  }

  @Test
  void eventsAreFoundByTextAndShownAsSentOrCutOff() {
    String mark = mark();
    String document =
        "{\"Grüße\":\"%s\",\n \"n\":1.50,\"long\":\"%s\"}".formatted(mark, "x".repeat(3000));
    assertAccepted(api.post("/api/events", JSON, document), 1);
    awaitStored(mark, 1);

    String search = "/api/events?topic=api&preview=true&text=";
    JsonObject found =
        api.json(search + "gr%C3%BC%C3%9FE%22:%22" + mark.toUpperCase(Locale.ROOT))
            .getJsonArray("events")
            .getJsonObject(0);
    assertThat(found.getString("payload")).isEqualTo(document.substring(0, 2000));
    assertThat(found.getInt("characters")).isEqualTo(document.length());
    assertThat(api.json(search + mark + "%25_").getJsonArray("events")).isEmpty();
    assertThat(api.json(search + mark + "&to=2001-01-01T00:00:00Z").getJsonArray("events"))
        .isEmpty();

    String event = "/api/events/" + found.getInt("id");
    assertThat(api.get(event + "/payload").body()).isEqualTo(document);
    JsonObject origin = api.json(event + "/origin");
    assertThat(origin.getString("timestamp")).isEqualTo(found.getString("timestamp"));
    assertThat(origin.getString("topicId")).isEqualTo(pipeline.topicId().toString());
    assertThat(origin.getInt("offset")).isEqualTo(found.getInt("offset"));
    assertThat(origin.getInt("nextOffset")).isGreaterThan(origin.getInt("offset"));
    // the database of the tests doesn't record commit times
    assertThat(origin.containsKey("committedAt")).isFalse();
    assertProblem(api.get("/api/events/999999999999/payload"), 404);
    assertProblem(api.get("/api/events/999999999999/origin"), 404);
  }

  @Test
  void theHistoryHasTheNewestNumbersInEachRange() {
    for (String range : List.of("1h", "6h", "24h")) {
      JsonObject history = api.json("/api/history?range=" + range);
      assertThat(history.getString("range")).isEqualTo(range);
      assertThat(history.getJsonArray("samples").getValuesAs(JsonObject.class))
          .last()
          .satisfies(sample -> assertThat(sample.getJsonObject("up")).containsKey("database"));
    }
    assertProblem(api.get("/api/history?range=7d"), 400);
  }

  @Test
  void exportsContainEveryEventOfTheTopic() {
    assertAccepted(api.post("/api/events", JSON, "{\"q\":\"a,\\\"b\\\"\"}"), 1);
    pipeline.assertEverythingStoredExactlyOnce();
    long rows =
        pipeline.database().number("SELECT count(*) FROM raw_events_source WHERE topic = 'api'");

    List<String> lines = api.get("/api/events/export.ndjson?topic=api").body().lines().toList();
    HttpResponse<String> csv = api.get("/api/events/export.csv?topic=api&path=q&value=a,%22b%22");

    assertThat(lines).hasSize((int) rows).allMatch(line -> line.endsWith("}"));
    assertThat(csv.headers().firstValue("Content-Type").orElse("")).startsWith("text/csv");
    assertThat(csv.body())
        .startsWith("id,timestamp,topic,partition,offset,payload\r\n")
        .endsWith("\"{\"\"q\"\":\"\"a,\\\"\"b\\\"\"\"\"}\"\r\n");
  }

  @Test
  void statsAgreeWithTheDatabase() {
    assertAccepted(api.post("/api/events", JSON, "{}"), 1);
    pipeline.assertEverythingStoredExactlyOnce();

    await()
        .atMost(Pipeline.PATIENCE)
        .untilAsserted(
            () -> {
              JsonObject stats = api.json("/api/stats");
              assertThat(stats.getJsonObject("lag").getInt("total")).isZero();
              assertThat(stats.getJsonObject("lag").getJsonArray("partitions")).hasSize(2);
              assertThat(stats.getJsonObject("sinceStart").getInt("stored")).isPositive();
              assertThat(stats.getJsonObject("database").getInt("events")).isPositive();
              long stored =
                  stats.getJsonArray("positions").getValuesAs(JsonObject.class).stream()
                      .filter(position -> position.getString("topic").equals("api"))
                      .mapToLong(position -> position.getJsonNumber("nextOffset").longValue())
                      .sum();
              assertThat(stored).isEqualTo(pipeline.stored());
            });
  }

  /** What happens if the server dies between sending and storing is tested with the dashboard. */
  @Test
  void aDeadLetterIsCorrectedByANewRecordOnce() {
    String mark = mark();
    pipeline
        .producer()
        .send(
            new ProducerRecord<>(
                "api",
                1,
                1_700_000_000_000L,
                "key".getBytes(UTF_8),
                ("{\"m\": " + mark).getBytes(UTF_8),
                List.of(new RecordHeader("unit", new byte[] {(byte) 0xff}))));
    pipeline.producer().flush();
    await()
        .atMost(Pipeline.PATIENCE)
        .until(
            () -> !api.json("/api/dead-letters?topic=api").getJsonArray("deadLetters").isEmpty());
    int id =
        api.json("/api/dead-letters?topic=api")
            .getJsonArray("deadLetters")
            .getJsonObject(0)
            .getInt("id");
    String letter = "/api/dead-letters/" + id;
    String corrected = "{\"m\":  \"%s\"}".formatted(mark);

    assertProblem(api.post(letter + "/correction", JSON, "{"), 400);
    assertProblem(api.post(letter + "/correction?again=perhaps", JSON, corrected), 400);
    assertProblem(api.post(letter + "/correction", JSON, " ".repeat(100_001)), 413);
    assertProblem(api.post("/api/dead-letters/999999999/correction", JSON, corrected), 404);
    assertThat(api.json(letter)).doesNotContainKey("correctionSentAt");

    api.control("POST", "/api/pipeline/consumer/pause");
    try {
      assertThat(api.post(letter + "/correction", JSON, corrected).statusCode()).isEqualTo(202);
      // while the new record is on its way, nothing else makes a row of this dead letter
      assertProblem(api.post(letter + "/correction", JSON, corrected), 409);
      assertThat(Api.json(api.control("POST", letter + "/replay")).getJsonArray("letters"))
          .isEmpty();
      assertThat(api.json(letter)).containsKey("correctionSentAt").doesNotContainKey("correctedAt");
    } finally {
      api.control("POST", "/api/pipeline/consumer/resume");
    }
    await().atMost(Pipeline.PATIENCE).until(() -> api.json(letter).containsKey("correctedAt"));
    assertThat(stored(mark)).containsExactly(corrected);
    JsonObject found =
        api.json("/api/events?topic=api&preview=true&text=" + mark)
            .getJsonArray("events")
            .getJsonObject(0);
    assertThat(found.getString("timestamp")).isEqualTo("2023-11-14T22:13:20Z");
    JsonObject by = api.json(letter).getJsonObject("correctedBy");
    assertThat(by.getInt("partition")).isEqualTo(found.getInt("partition"));
    assertThat(by.getInt("offset")).isEqualTo(found.getInt("offset"));
    assertProblem(api.post(letter + "/correction?again=true", JSON, corrected), 409);
    assertThat(api.json("/api/dead-letters?topic=api").toString()).doesNotContain(mark);
    assertThat(api.json("/api/dead-letters?state=replayed&topic=api").toString()).contains(mark);
    await()
        .atMost(Pipeline.PATIENCE)
        .until(() -> api.get("/api/operator/actions").body().contains(letter + "/correction"));
    // the dead letter still holds the offset of the record that was refused
    pipeline.assertEverythingStoredExactlyOnce();
  }

  @Test
  void aCorrectionThatWasLostCanBeSentAgainAndAForgedOneMarksNothing() {
    String mark = mark();
    pipeline.producer().send(new ProducerRecord<>("api", (mark + " is no JSON").getBytes(UTF_8)));
    pipeline.producer().flush();
    await()
        .atMost(Pipeline.PATIENCE)
        .until(() -> api.get("/api/dead-letters?topic=api").body().contains(mark));
    int id =
        api.json("/api/dead-letters?topic=api")
            .getJsonArray("deadLetters")
            .getJsonObject(0)
            .getInt("id");
    // what a server leaves that dies before it has sent the record
    pipeline
        .database()
        .execute(
            "UPDATE dead_letters SET correction = gen_random_uuid(), correction_sent_at = now()"
                + " WHERE id = "
                + id);
    pipeline
        .producer()
        .send(
            new ProducerRecord<>(
                "api",
                0,
                null,
                null,
                ("\"forged %s\"".formatted(mark)).getBytes(UTF_8),
                List.of(
                    new RecordHeader(
                        "datapipeline-replay-of",
                        (id + " " + UUID.randomUUID()).getBytes(UTF_8)))));
    pipeline.producer().flush();
    awaitStored(mark, 1);
    String letter = "/api/dead-letters/" + id;
    assertThat(api.json(letter)).doesNotContainKey("correctedAt");
    assertProblem(api.post(letter + "/correction", JSON, "1"), 409);

    String corrected = "\"corrected %s\"".formatted(mark);
    assertThat(api.post(letter + "/correction?again=true", JSON, corrected).statusCode())
        .isEqualTo(202);
    awaitStored(mark, 2);
    await().atMost(Pipeline.PATIENCE).until(() -> api.json(letter).containsKey("correctedAt"));
  }

  @Test
  void deadLettersAreListedShownAndReplayed() throws Exception {
    String rule = "ALTER TABLE raw_events %s CONSTRAINT not_now%s";
    pipeline
        .database()
        .execute(rule.formatted("ADD", " CHECK (strpos(payload::text, '<script>') = 0) NOT VALID"));
    String document = "{\"text\":\"<script>\"}";
    JsonObject letter;
    try {
      assertAccepted(api.post("/api/events", JSON, document), 1);
      await()
          .atMost(Pipeline.PATIENCE)
          .until(
              () -> !api.json("/api/dead-letters?topic=api").getJsonArray("deadLetters").isEmpty());
      letter = api.json("/api/dead-letters?topic=api").getJsonArray("deadLetters").getJsonObject(0);
      assertThat(letter.getString("payload")).isEqualTo(document);
      assertThat(letter.getString("reason")).contains("not_now");
      assertThat(api.json("/api/dead-letters/" + letter.getInt("id"))).isEqualTo(letter);
      assertThat(
              Api.json(api.control("POST", "/api/dead-letters/" + letter.getInt("id") + "/replay"))
                  .getInt("failed"))
          .isOne();
    } finally {
      pipeline.database().execute(rule.formatted("DROP", ""));
    }

    JsonObject replayed = Api.json(api.control("POST", "/api/dead-letters/replay"));
    assertThat(replayed.getInt("replayed")).isPositive();
    assertThat(api.json("/api/dead-letters?topic=api").getJsonArray("deadLetters")).isEmpty();
    assertThat(api.json("/api/dead-letters/" + letter.getInt("id")).containsKey("replayedAt"))
        .isTrue();
    assertProblem(api.get("/api/dead-letters/999999999"), 404);
    pipeline.assertEverythingStoredExactlyOnce();
  }

  // controls

  private static long fromSensors() {
    return pipeline
        .database()
        .number(
            "SELECT count(*) FROM raw_events_source WHERE topic = 'api'"
                + " AND payload::text LIKE '{\"id\":%,\"sensor\":%'");
  }

  @Test
  void theProducerCanBePausedTickedAndGivenAnotherInterval() throws IOException {
    pipeline.assertEverythingStoredExactlyOnce();
    long before = fromSensors();
    api.control("POST", "/api/pipeline/producer/tick?source=sensor");
    await().atMost(Pipeline.PATIENCE).until(() -> fromSensors() == before + 5);

    JsonObject source =
        Api.json(api.control("PUT", "/api/pipeline/producer/interval?interval=PT0.1S"))
            .getJsonArray("sources")
            .getJsonObject(0);
    assertThat(source.getString("interval")).isEqualTo("PT0.1S");
    await().atMost(Pipeline.PATIENCE).until(() -> fromSensors() >= before + 50);

    api.control("POST", "/api/pipeline/producer/pause");
    assertThat(
            pipeline
                .instance()
                .health()
                .check("ready", "producer")
                .getJsonObject("data")
                .getString("paused"))
        .isEqualTo("sensor");
    pipeline.assertEverythingStoredExactlyOnce();
    long paused = fromSensors();
    api.control("POST", "/api/pipeline/producer/tick");
    await().atMost(Pipeline.PATIENCE).until(() -> fromSensors() == paused + 5);

    api.control("PUT", "/api/pipeline/producer/interval?interval=PT12H");
    api.control("POST", "/api/pipeline/producer/resume");
    await().atMost(Pipeline.PATIENCE).until(() -> fromSensors() == paused + 10);
    assertProblem(api.control("POST", "/api/pipeline/producer/pause?source=nobody"), 404);
    assertProblem(api.control("PUT", "/api/pipeline/producer/interval?interval=soon"), 400);
    assertProblem(api.control("PUT", "/api/pipeline/producer/interval?interval=PT0S"), 400);
  }

  @Test
  void aPausedConsumerIsReportedAndStoresAndLosesNothing() throws IOException {
    api.control("POST", "/api/pipeline/consumer/pause");
    try {
      await()
          .atMost(Pipeline.PATIENCE)
          .until(() -> pipeline.instance().health().ready(), "DOWN"::equals);
      JsonObject consumer = pipeline.instance().health().check("ready", "consumer");
      assertThat(consumer.getJsonObject("data").getBoolean("paused")).isTrue();
      assertThat(pipeline.instance().health().live()).isEqualTo("UP");
      long before = pipeline.stored();
      pipeline.send(1000);
      // once the lag is reported, the records could have been stored
      await()
          .atMost(Pipeline.PATIENCE)
          .until(() -> api.json("/api/stats").getJsonObject("lag").getInt("total") >= 1000);
      assertThat(pipeline.stored()).isEqualTo(before);
    } finally {
      api.control("POST", "/api/pipeline/consumer/resume");
    }
    Pipeline.awaitReady(pipeline.instance());
    pipeline.assertEverythingStoredExactlyOnce();
  }

  // OpenAPI

  @Test
  void everyOperationIsDescribedWithAnExampleAndItsErrors() {
    JsonObject paths =
        Api.json(api.request("GET", "/openapi", BodyPublishers.noBody(), Map.of("Accept", JSON)))
            .getJsonObject("paths");
    List<String> faults = new ArrayList<>();
    int operations = 0;
    for (Entry<String, JsonValue> path : paths.entrySet()) {
      for (Entry<String, JsonValue> operation : path.getValue().asJsonObject().entrySet()) {
        JsonObject described = operation.getValue().asJsonObject();
        String name = operation.getKey() + " " + path.getKey();
        operations++;
        if (described.getString("summary", "").isBlank()) {
          faults.add(name + " has no summary");
        }
        JsonObject responses = described.getJsonObject("responses");
        if (!responses.values().toString().contains("\"examples\"")) {
          faults.add(name + " has no example");
        }
        if (responses.keySet().stream().noneMatch(status -> status.startsWith("4"))) {
          faults.add(name + " has no error");
        }
        if (!operation.getKey().equals("get")
            && (!described.containsKey("security") || !responses.containsKey("401"))) {
          faults.add(name + " does not say that it needs the operator");
        }
      }
    }

    assertThat(faults).isEmpty();
    assertThat(operations).isGreaterThanOrEqualTo(15);
    assertThat(api.get("/openapi/ui/").statusCode()).isEqualTo(200);
  }
}
