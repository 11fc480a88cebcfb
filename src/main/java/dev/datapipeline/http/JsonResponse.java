package dev.datapipeline.http;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.stream.JsonGenerator;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.StreamingOutput;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;

/** Builds successful answers in JSON. Caches must not keep them, because the data change. */
public final class JsonResponse {
  private JsonResponse() {}

  /**
   * Returns an answer with the status 200.
   *
   * @param body the JSON document
   * @return the answer
   */
  public static Response ok(JsonObject body) {
    return ok(body.toString());
  }

  /**
   * Returns an answer with the status 200.
   *
   * @param body the JSON document as text
   * @return the answer
   */
  public static Response ok(String body) {
    return answer(Response.Status.OK, body);
  }

  /**
   * Returns an answer.
   *
   * @param status the HTTP status
   * @param body the JSON document
   * @return the answer
   */
  public static Response of(Response.Status status, JsonObject body) {
    return answer(status, body.toString());
  }

  /** Writes a document, part by part. */
  @FunctionalInterface
  public interface Body {
    /**
     * Writes the document.
     *
     * @param writer is buffered; closed and flushed by the caller
     * @throws IOException if the client is gone
     */
    void writeTo(Writer writer) throws IOException;
  }

  /**
   * Returns an answer with the status 200 that is never in memory as a whole.
   *
   * @param body writes the JSON document
   * @return the answer
   */
  public static Response stream(Body body) {
    return answer(
        Response.Status.OK,
        (StreamingOutput)
            output -> {
              Writer writer =
                  new BufferedWriter(new OutputStreamWriter(output, StandardCharsets.UTF_8));
              body.writeTo(writer);
              writer.flush();
            });
  }

  /**
   * Returns an answer with the status 200 whose text is never in memory as a whole.
   *
   * @param body the JSON document
   * @return the answer
   */
  public static Response stream(JsonObject body) {
    return stream(
        writer -> {
          JsonGenerator json = Json.createGenerator(writer);
          json.write(body);
          json.flush();
        });
  }

  private static Response answer(Response.Status status, Object entity) {
    return Response.status(status)
        .entity(entity)
        .type(MediaType.APPLICATION_JSON_TYPE)
        .header(HttpHeaders.CACHE_CONTROL, "no-store")
        .build();
  }
}
