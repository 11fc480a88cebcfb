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
import java.util.Map.Entry;
import org.eclipse.microprofile.openapi.annotations.media.Schema;

/** What went wrong, as RFC 9457 says it. Not changed once it is made. */
@Schema(
    name = "Problem",
    description = "RFC 9457",
    examples =
        "{\"type\":\"about:blank\",\"title\":\"Bad Request\",\"status\":400,"
            + "\"detail\":\"from must be a time such as 2026-01-15T10:00:00Z, not 'yesterday'\"}")
public final class Problem {
  /** The media type of the answer. */
  public static final String MEDIA_TYPE = "application/problem+json";

  @Schema(implementation = int.class, description = "the HTTP status")
  private final Response.StatusType status;

  @Schema(description = "what is wrong with this request")
  private final String detail;

  private final Map<String, String> headers;
  private final Map<String, Object> members;

  private Problem(
      Response.StatusType status,
      String detail,
      Map<String, String> headers,
      Map<String, Object> members) {
    this.status = status;
    this.detail = detail;
    this.headers = headers;
    this.members = members;
  }

  public static Problem of(Response.StatusType status, String detail) {
    return new Problem(status, detail, Map.of(), Map.of());
  }

  public Problem withHeader(String name, Object value) {
    return new Problem(status, detail, plus(headers, name, value.toString()), members);
  }

  /** Adds a member of its own: a number or a text. */
  public Problem with(String name, Object value) {
    return new Problem(status, detail, headers, plus(members, name, value));
  }

  public Problem retryAfter(long seconds) {
    return withHeader(HttpHeaders.RETRY_AFTER, seconds);
  }

  private static <V> Map<String, V> plus(Map<String, V> map, String name, V value) {
    Map<String, V> copy = new LinkedHashMap<>(map);
    copy.put(name, value);
    return copy;
  }

  private JsonObject json() {
    JsonObjectBuilder json =
        Json.createObjectBuilder()
            .add("type", "about:blank")
            .add("title", status.getReasonPhrase())
            .add("status", status.getStatusCode())
            .add("detail", detail);
    for (Entry<String, Object> member : members.entrySet()) {
      if (member.getValue() instanceof Number number) {
        json.add(member.getKey(), number.longValue());
      } else {
        json.add(member.getKey(), member.getValue().toString());
      }
    }
    return json.build();
  }

  /** Returns it as JSON. */
  String text() {
    return json().toString();
  }

  Response response() {
    Response.ResponseBuilder response =
        Response.status(status.getStatusCode())
            .type(MediaType.valueOf(MEDIA_TYPE))
            .header(HttpHeaders.CACHE_CONTROL, "no-store")
            .entity(text());
    headers.forEach(response::header);
    return response.build();
  }

  /** Answers a request that no resource has seen. */
  void writeTo(HttpServletResponse response) throws IOException {
    response.setStatus(status.getStatusCode());
    response.setContentType(MEDIA_TYPE);
    response.setHeader(HttpHeaders.CACHE_CONTROL, "no-store");
    headers.forEach(response::setHeader);
    response.getOutputStream().write(text().getBytes(StandardCharsets.UTF_8));
  }

  public ProblemException exception() {
    return new ProblemException(response());
  }
}
