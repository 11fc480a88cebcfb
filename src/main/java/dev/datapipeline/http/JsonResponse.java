package dev.datapipeline.http;

import jakarta.json.JsonObject;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;

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
    return Response.ok(body, MediaType.APPLICATION_JSON_TYPE)
        .header(HttpHeaders.CACHE_CONTROL, "no-store")
        .build();
  }
}
