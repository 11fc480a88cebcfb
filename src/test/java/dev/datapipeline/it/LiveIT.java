package dev.datapipeline.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.StringReader;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/** The live feed of the dashboards. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class LiveIT {
  /** One of the last of 20,000 events; the number of rows is an estimate in a large table. */
  private static final Pattern NEAR_THE_END = Pattern.compile("\\\\\"i\\\\\":19\\d{3}");

  private static final int VIEWERS = 200;
  private static final String REQUEST =
      "GET /api/live HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n";

  private static Pipeline pipeline;
  private static Api api;

  @BeforeAll
  static void start() {
    pipeline = new Pipeline("live", 2).with("API_MAX_VIEWERS", Integer.toString(VIEWERS));
    api = new Api(pipeline.running().httpPort());
  }

  @AfterAll
  static void close() {
    pipeline.close();
  }

  /** Reads messages until one of the given kind arrives; returns the last one of each kind. */
  private static Map<String, String> readUntil(BufferedReader reader, String kind)
      throws IOException {
    Map<String, String> messages = new LinkedHashMap<>();
    String event = "";
    while (!messages.containsKey(kind)) {
      String line = reader.readLine();
      assertThat(line).as("the stream has ended").isNotNull();
      if (line.startsWith("event: ")) {
        event = line.substring("event: ".length());
      } else if (line.startsWith("data: ")) {
        messages.put(event, line.substring("data: ".length()));
      }
    }
    return messages;
  }

  private static BufferedReader reader(Socket socket) throws IOException {
    socket.setSoTimeout((int) Duration.ofSeconds(30).toMillis());
    return new BufferedReader(
        new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
  }

  private static JsonObject object(String json) {
    return Json.createReader(new StringReader(json)).readObject();
  }

  @Test
  void aNewViewerGetsTheHistoryAndTheStoredEvents() throws Exception {
    pipeline.send(100);
    await().atMost(Pipeline.PATIENCE).until(() -> pipeline.stored() >= 100);
    try (Socket socket = api.open(REQUEST)) {
      BufferedReader reader = reader(socket);
      assertThat(reader.readLine()).contains("200");
      Map<String, String> first = readUntil(reader, "database");
      assertThat(object(first.get("hello")).getJsonArray("history").size()).isPositive();
      assertThat(object(first.get("database")).getInt("events")).isGreaterThanOrEqualTo(100);
      assertThat(first.get("events")).contains("\\\"i\\\":");
      JsonObject state = object(readUntil(reader, "state").get("state"));
      assertThat(state.getJsonArray("health").getValuesAs(JsonObject.class))
          .extracting(check -> check.getString("name"))
          .containsExactly("database", "broker", "consumer", "producer");
      JsonObject sample = object(readUntil(reader, "sample").get("sample"));
      assertThat(sample.getJsonObject("lag")).containsOnlyKeys("live-0", "live-1");
    }
  }

  @Test
  void idleViewersDelayNothingAndOneTooManyIsRefused() throws Exception {
    List<Socket> sockets = new ArrayList<>();
    try {
      // they never read, so their buffers fill up, and then the server's
      for (int i = 0; i < VIEWERS - 1; i++) {
        sockets.add(api.open(REQUEST));
      }
      Socket reading = api.open(REQUEST);
      sockets.add(reading);
      BufferedReader reader = reader(reading);
      readUntil(reader, "state");
      await()
          .atMost(Pipeline.PATIENCE)
          .untilAsserted(
              () -> {
                // only the head: the stream of a viewer that is still let in has no end
                try (Socket another = api.open(REQUEST)) {
                  List<String> head =
                      reader(another).lines().takeWhile(line -> !line.isEmpty()).toList();
                  assertThat(head.get(0)).contains(" 503");
                  assertThat(head).anyMatch(line -> line.startsWith("Retry-After:"));
                }
              });
      long before = pipeline.stored();
      pipeline.send(20_000);
      await().atMost(Pipeline.PATIENCE).until(() -> pipeline.stored() >= before + 20_000);
      await()
          .atMost(Pipeline.PATIENCE)
          .until(() -> NEAR_THE_END.matcher(readUntil(reader, "events").get("events")).find());
    } finally {
      for (Socket socket : sockets) {
        socket.close();
      }
    }
    // viewers that left make room
    await()
        .atMost(Pipeline.PATIENCE)
        .ignoreExceptions()
        .untilAsserted(
            () -> {
              try (Socket socket = api.open(REQUEST)) {
                assertThat(reader(socket).readLine()).contains("200");
              }
            });
  }

  @Test
  void aViewerWithoutReadAccessIsRefused() throws Exception {
    String proxied = REQUEST.replace("Accept", "X-Forwarded-For: 192.0.2.1\r\nAccept");
    try (Socket socket = api.open(proxied)) {
      assertThat(reader(socket).readLine()).contains("401");
    }
  }

  /** Comes last: nothing runs afterwards. */
  @Test
  @Order(Integer.MAX_VALUE)
  void theStreamEndsWhenTheServerStops() throws Exception {
    try (Socket socket = api.open(REQUEST)) {
      BufferedReader reader = reader(socket);
      readUntil(reader, "sample");
      pipeline.instance().stop();
      String last = "";
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        last = line.startsWith("event: ") ? line : last;
      }
      assertThat(last).isEqualTo("event: bye");
    }
    assertThat(pipeline.instance().log()).noneMatch(line -> line.contains("did not stop"));
  }
}
