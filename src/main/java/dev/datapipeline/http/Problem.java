package dev.datapipeline.http;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.eclipse.microprofile.openapi.annotations.media.Schema;

/** Describes a failed request in the format of RFC 9457. Immutable. */
@Schema(
    name = "Problem",
    description = "RFC 9457",
    examples =
        "{\"type\":\"about:blank\",\"title\":\"Bad Request\",\"status\":400,"
            + "\"detail\":\"from must be a time such as 2026-01-15T10:00:00Z, not 'yesterday'\"}")
public final class Problem {
  /** The media type of a problem. */
  public static final String MEDIA_TYPE = "application/problem+json";

  @Schema(implementation = int.class, description = "the HTTP status")
  private final Response.StatusType status;

  @Schema(description = "the reason why this request failed")
  private final String detail;

  private final Map<String, String> headers;
  private final Map<String, Long> members;

  private Problem(
      Response.StatusType status,
      String detail,
      Map<String, String> headers,
      Map<String, Long> members) {
    this.status = status;
    this.detail = detail;
    this.headers = headers;
    this.members = members;
  }

  /**
   * Creates a problem.
   *
   * @param status the HTTP status
   * @param detail the reason, for people
   * @return the problem
   */
  public static Problem of(Response.StatusType status, String detail) {
    return new Problem(status, detail, Map.of(), Map.of());
  }

  /**
   * Adds a header to the answer.
   *
   * @param name the header's name
   * @param value the header's value
   * @return a problem with the header
   */
  public Problem withHeader(String name, Object value) {
    return new Problem(status, detail, plus(headers, name, value.toString()), members);
  }

  /**
   * Adds a member to the JSON object.
   *
   * @param name the member's name
   * @param value the member's value
   * @return a problem with the member
   */
  public Problem with(String name, long value) {
    return new Problem(status, detail, headers, plus(members, name, value));
  }

  /**
   * Tells the client when to try again.
   *
   * @param seconds the value of the header {@code Retry-After}
   * @return a problem with the header
   */
  public Problem retryAfter(long seconds) {
    return withHeader(HttpHeaders.RETRY_AFTER, seconds);
  }

  private static <V> Map<String, V> plus(Map<String, V> map, String name, V value) {
    Map<String, V> copy = new LinkedHashMap<>(map);
    copy.put(name, value);
    return copy;
  }

  /** Returns the body of the answer. */
  JsonObject json() {
    JsonObjectBuilder json =
        Json.createObjectBuilder()
            .add("type", "about:blank")
            .add("title", status.getReasonPhrase())
            .add("status", status.getStatusCode())
            .add("detail", detail);
    members.forEach(json::add);
    return json.build();
  }

  /** Returns the answer to a request that reached a resource. */
  Response response() {
    Response.ResponseBuilder response =
        Response.status(status.getStatusCode())
            .type(MediaType.valueOf(MEDIA_TYPE))
            .header(HttpHeaders.CACHE_CONTROL, "no-store")
            .entity(json().toString());
    headers.forEach(response::header);
    return response.build();
  }

  /** Writes the answer to a request that did not reach a resource. */
  void writeTo(HttpServletResponse response) throws IOException {
    response.setStatus(status.getStatusCode());
    response.setContentType(MEDIA_TYPE);
    response.setHeader(HttpHeaders.CACHE_CONTROL, "no-store");
    headers.forEach(response::setHeader);
    response.getOutputStream().write(json().toString().getBytes(StandardCharsets.UTF_8));
  }

  /**
   * Returns an exception that ends the request with this problem.
   *
   * @return the exception, to be thrown
   */
  public ProblemException exception() {
    return new ProblemException(response());
  }
}
