package dev.datapipeline.it;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.io.IOException;
import java.io.StringReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;

/** The health of a server: its state as everybody sees it, and the data for those who may read. */
final class Health {
  /** Every check must answer within this time, even if a backend hangs. */
  private static final Duration MAX_ANSWER_TIME = Duration.ofSeconds(2);

  private final HttpClient client = HttpClient.newHttpClient();
  private final int port;

  Health(int port) {
    this.port = port;
  }

  /** Returns {@code UP}, {@code DOWN}, or {@code AWAY} if the server does not answer in time. */
  String status(String endpoint) {
    try {
      return get("/health/" + endpoint).getString("status");
    } catch (IOException e) {
      return "AWAY";
    }
  }

  String ready() {
    return status("ready");
  }

  String live() {
    return status("live");
  }

  /** Returns one check of an endpoint. */
  JsonObject check(String endpoint, String name) throws IOException {
    return data(endpoint).getJsonArray("checks").getValuesAs(JsonObject.class).stream()
        .filter(check -> check.getString("name").equals(name))
        .findFirst()
        .orElseThrow();
  }

  /** Returns all checks of an endpoint, with data. */
  JsonObject data(String endpoint) throws IOException {
    return get("/api/health/" + endpoint);
  }

  private JsonObject get(String path) throws IOException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://localhost:" + port + path))
            .timeout(MAX_ANSWER_TIME)
            .build();
    try {
      String body = client.send(request, HttpResponse.BodyHandlers.ofString()).body();
      return Json.createReader(new StringReader(body)).readObject();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    } catch (jakarta.json.JsonException e) {
      throw new IOException(e);
    }
  }
}
