package dev.datapipeline.api.intake;

import dev.datapipeline.config.ApiConfig;
import dev.datapipeline.config.KafkaConfig;
import dev.datapipeline.http.MediaTypes;
import dev.datapipeline.http.Parameters;
import dev.datapipeline.http.Problem;
import dev.datapipeline.producer.EventPublisher;
import dev.datapipeline.tracing.Tracing;
import jakarta.annotation.PostConstruct;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.Response.Status;
import java.io.InputStream;
import java.util.concurrent.Semaphore;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.enums.ParameterIn;
import org.eclipse.microprofile.openapi.annotations.headers.Header;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.ExampleObject;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.parameters.RequestBody;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/**
 * Takes events over HTTP. Events that it has accepted with 202 are in Kafka. Limits how many
 * requests may post at the same time.
 */
@Path("events")
@ApplicationScoped
@Tag(name = "Publishing")
public class PostedEventsResource {
  @Inject private ApiConfig config;
  @Inject private KafkaConfig kafka;
  @Inject private EventPublisher publisher;
  @Inject private Tracing tracing;

  private Semaphore permits;

  @PostConstruct
  void init() {
    permits = new Semaphore(config.maxPosts());
  }

  /**
   * Takes events, and answers when the broker has acknowledged all of them.
   *
   * @param body one or more events
   * @param topic the topic to send them to; null for the pipeline's default topic
   * @param headers the request's headers
   * @return 202 with the number of events
   */
  @POST
  @Consumes(MediaType.WILDCARD)
  @Produces(MediaType.APPLICATION_JSON)
  @Operation(
      summary = "Publish events",
      description =
          "The body is one JSON document, an array of them, or NDJSON of any length; or CloudEvents"
              + " in structured, batched or binary mode. Content-Encoding may be gzip. The answer is"
              + " sent when the broker has acknowledged every event. In an error, accepted is the"
              + " number of events that were kept, and line is the line of the first event that was"
              + " not.")
  @Parameter(
      name = HttpHeaders.CONTENT_ENCODING,
      in = ParameterIn.HEADER,
      description = "gzip, or absent",
      schema = @Schema(implementation = String.class),
      example = "gzip")
  @RequestBody(
      required = true,
      content = {
        @Content(
            mediaType = MediaType.APPLICATION_JSON,
            examples = {
              @ExampleObject(name = "one", value = "{\"sensor\":\"by-hand\",\"value\":42}"),
              @ExampleObject(name = "array", value = "[{\"value\":1},{\"value\":2}]")
            }),
        @Content(
            mediaType = MediaTypes.NDJSON,
            examples = @ExampleObject(name = "lines", value = "{\"value\":1}\n{\"value\":2}\n")),
        @Content(
            mediaType = CloudEvent.STRUCTURED,
            examples =
                @ExampleObject(
                    name = "CloudEvent",
                    value =
                        "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/by-hand\","
                            + "\"type\":\"reading\",\"data\":{\"value\":42}}"))
      })
  @APIResponse(
      responseCode = "202",
      description = "the broker has acknowledged all events",
      content =
          @Content(
              mediaType = MediaType.APPLICATION_JSON,
              examples = @ExampleObject(name = "accepted", value = "{\"accepted\":2}")))
  @APIResponse(
      responseCode = "400",
      description = "not valid JSON, or not a valid CloudEvent",
      content =
          @Content(
              mediaType = Problem.MEDIA_TYPE,
              examples =
                  @ExampleObject(
                      name = "line",
                      value =
                          "{\"type\":\"about:blank\",\"title\":\"Bad Request\",\"status\":400,"
                              + "\"detail\":\"line 2 is not valid JSON: not UTF-8\",\"line\":2,\"accepted\":1}")))
  @APIResponse(responseCode = "413", description = "an event is larger than API_MAX_EVENT_BYTES")
  @APIResponse(
      responseCode = "415",
      description = "the media type or the encoding is not supported")
  @APIResponse(
      responseCode = "429",
      description = "API_MAX_POSTS requests are already posting",
      headers =
          @Header(
              name = HttpHeaders.RETRY_AFTER,
              description = "seconds",
              schema = @Schema(implementation = Integer.class)))
  @APIResponse(
      responseCode = "503",
      description = "the broker does not acknowledge the events",
      headers =
          @Header(
              name = HttpHeaders.RETRY_AFTER,
              description = "seconds",
              schema = @Schema(implementation = Integer.class)))
  public Response post(
      InputStream body,
      @QueryParam("topic")
          @Parameter(description = "one of the pipeline's topics", example = "sensor_data")
          String topic,
      @Context HttpHeaders headers) {
    String to = topic == null ? kafka.topic() : topic;
    if (!kafka.topics().contains(to)) {
      throw Parameters.bad("topic", "one of " + String.join(", ", kafka.topics()), to);
    }
    Posting posting =
        new Posting(publisher::publish, tracing::sending, config.acknowledgementTimeout());
    PostRequest request = new PostRequest(to, headers, posting, config);
    if (!permits.tryAcquire()) {
      throw Problem.of(Status.TOO_MANY_REQUESTS, "too many requests are posting events")
          .retryAfter(1)
          .exception();
    }
    try {
      return request.serve(body);
    } finally {
      permits.release();
    }
  }
}
