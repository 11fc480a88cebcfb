package dev.datapipeline.it;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A client of the HTTP API. */
final class Api {
  static final String USER = "operator";
  static final String PASSWORD = "only-for-this-test";

  private static final Pattern STATUS = Pattern.compile("^HTTP/1\\.1 (\\d{3})");
  private static final Duration TIMEOUT = Duration.ofMinutes(2);

  private final HttpClient client = HttpClient.newHttpClient();
  private final int port;
  private final String operator;

  Api(int port) {
    this(port, PASSWORD);
  }

  /** Creates a client whose operator has another password. */
  Api(int port, String password) {
    this.port = port;
    operator = basic(USER, password);
  }

  static String basic(String user, String password) {
    return "Basic "
        + Base64.getEncoder()
            .encodeToString((user + ":" + password).getBytes(StandardCharsets.UTF_8));
  }

  /** Sends a request without credentials. */
  HttpResponse<String> request(
      String method, String path, BodyPublisher body, Map<String, String> headers) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://localhost:" + port + path))
            .timeout(TIMEOUT)
            .method(method, body);
    headers.forEach(request::header);
    try {
      return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    } catch (IOException e) {
      throw new UncheckedIOException(method + " " + path, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  HttpResponse<String> get(String path) {
    return request("GET", path, BodyPublishers.noBody(), Map.of());
  }

  /** Sends a request and doesn't wait for the answer. */
  CompletableFuture<HttpResponse<String>> begin(String path) {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://localhost:" + port + path)).build();
    return client.sendAsync(request, HttpResponse.BodyHandlers.ofString());
  }

  JsonObject json(String path) {
    return json(get(path));
  }

  static JsonObject json(HttpResponse<String> response) {
    return Json.createReader(new StringReader(response.body())).readObject();
  }

  /** Posts as the operator. */
  HttpResponse<String> post(String path, String type, String body) {
    return post(path, Map.of("Content-Type", type), BodyPublishers.ofString(body));
  }

  HttpResponse<String> post(String path, Map<String, String> headers, BodyPublisher body) {
    Map<String, String> all = new HashMap<>(headers);
    all.put("Authorization", operator);
    return request("POST", path, body, all);
  }

  HttpResponse<String> control(String method, String path) {
    return request(method, path, BodyPublishers.noBody(), Map.of("Authorization", operator));
  }

  /** Sends raw bytes, which may be invalid HTTP, and returns the answer. */
  String raw(String bytes, Duration patience) {
    try (Socket socket = open(bytes)) {
      socket.setSoTimeout((int) patience.toMillis());
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Sends a request from another loopback address and returns its status, 0 if there is none. Wrong
   * passwords slow down the address from which they come.
   */
  int statusFrom(String address, String method, String path, Map<String, String> headers) {
    StringBuilder request = new StringBuilder("%s %s HTTP/1.1\r\n".formatted(method, path));
    headers.forEach(
        (name, value) -> request.append(name).append(": ").append(value).append("\r\n"));
    request.append("Host: localhost\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
    try (Socket socket = new Socket("127.0.0.1", port, InetAddress.getByName(address), 0)) {
      socket.setSoTimeout((int) TIMEOUT.toMillis());
      socket.getOutputStream().write(request.toString().getBytes(StandardCharsets.ISO_8859_1));
      socket.getOutputStream().flush();
      return status(
          new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns the status of a raw answer; 0 if it is none. */
  static int status(String answer) {
    Matcher matcher = STATUS.matcher(answer);
    return matcher.find() ? Integer.parseInt(matcher.group(1)) : 0;
  }

  /** Sends the beginning of a request and leaves the connection open. */
  Socket open(String bytes) throws IOException {
    Socket socket = new Socket("localhost", port);
    socket.getOutputStream().write(bytes.getBytes(StandardCharsets.ISO_8859_1));
    socket.getOutputStream().flush();
    return socket;
  }
}
