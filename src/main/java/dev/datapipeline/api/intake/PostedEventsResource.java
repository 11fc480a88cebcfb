package dev.datapipeline.api.intake;

import dev.datapipeline.api.EventsResource;
import dev.datapipeline.config.ApiConfig;
import dev.datapipeline.config.KafkaConfig;
import dev.datapipeline.failure.FailureText;
import dev.datapipeline.http.Parameters;
import dev.datapipeline.http.Problem;
import dev.datapipeline.http.ProblemException;
import dev.datapipeline.producer.EventPublisher;
import dev.datapipeline.tracing.Tracing;
import jakarta.annotation.PostConstruct;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.json.Json;
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
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.RecordTooLargeException;
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

/** Takes events over HTTP. What it has answered 202 to is in Kafka. */
@Path("events")
@ApplicationScoped
@Tag(name = "Publishing")
public class PostedEventsResource {
  private static final String JSON = "application/json";
  private static final Set<String> LINES =
      Set.of(EventsResource.NDJSON, "application/ndjson", "application/jsonl");
  private static final Set<String> ARRAYS = Set.of(JSON, CloudEvent.STRUCTURED, CloudEvent.BATCH);
  private static final String ACCEPT_POST =
      String.join(", ", JSON, EventsResource.NDJSON, CloudEvent.STRUCTURED, CloudEvent.BATCH);

  /** Kafka deletes by the timestamp: an older event might be gone before it is stored. */
  private static final Duration OLDEST_TIMESTAMP = Duration.ofDays(1);

  private static final int RETRY_SECONDS = 5;

  @Inject private ApiConfig config;
  @Inject private KafkaConfig kafka;
  @Inject private EventPublisher publisher;
  @Inject private Tracing tracing;

  private Semaphore posts;

  @PostConstruct
  void init() {
    posts = new Semaphore(config.maxPosts());
  }

  /**
   * Takes events, and answers when the broker has them.
   *
   * @param body one event or many
   * @param topic where they go; null for the topic of the pipeline
   * @param headers of the request
   * @return 202 with their number
   */
  @POST
  @Consumes(MediaType.WILDCARD)
  @Produces(MediaType.APPLICATION_JSON)
  @Operation(
      summary = "Publish events",
      description =
          "One JSON document, an array of them, or NDJSON of any length; CloudEvents in structured,"
              + " batched or binary mode. Content-Encoding may be gzip. The answer comes when the"
              + " broker has acknowledged every event. If it is an error, its member accepted says"
              + " how many events were taken, and line where the first one is that was not.")
  @Parameter(
      name = HttpHeaders.CONTENT_ENCODING,
      in = ParameterIn.HEADER,
      description = "gzip, or nothing",
      schema = @Schema(implementation = String.class),
      example = "gzip")
  @RequestBody(
      required = true,
      content = {
        @Content(
            mediaType = JSON,
            examples = {
              @ExampleObject(name = "one", value = "{\"sensor\":\"by-hand\",\"value\":42}"),
              @ExampleObject(name = "array", value = "[{\"value\":1},{\"value\":2}]")
            }),
        @Content(
            mediaType = EventsResource.NDJSON,
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
      description = "the broker has acknowledged them",
      content =
          @Content(
              mediaType = JSON,
              examples = @ExampleObject(name = "accepted", value = "{\"accepted\":2}")))
  @APIResponse(
      responseCode = "400",
      description = "no JSON, or no CloudEvent",
      content =
          @Content(
              mediaType = Problem.MEDIA_TYPE,
              examples =
                  @ExampleObject(
                      name = "line",
                      value =
                          "{\"type\":\"about:blank\",\"title\":\"Bad Request\",\"status\":400,"
                              + "\"detail\":\"line 2 is no JSON: not UTF-8\",\"line\":2,\"accepted\":1}")))
  @APIResponse(
      responseCode = "413",
      description = "an event is larger than API_MAX_EVENT_BYTES",
      content = @Content(mediaType = Problem.MEDIA_TYPE))
  @APIResponse(
      responseCode = "415",
      description = "another media type, or another encoding",
      content = @Content(mediaType = Problem.MEDIA_TYPE))
  @APIResponse(
      responseCode = "429",
      description = "API_MAX_POSTS requests are being served",
      headers =
          @Header(
              name = HttpHeaders.RETRY_AFTER,
              description = "seconds",
              schema = @Schema(implementation = Integer.class)),
      content = @Content(mediaType = Problem.MEDIA_TYPE))
  @APIResponse(
      responseCode = "503",
      description = "the broker does not acknowledge",
      headers =
          @Header(
              name = HttpHeaders.RETRY_AFTER,
              description = "seconds",
              schema = @Schema(implementation = Integer.class)),
      content = @Content(mediaType = Problem.MEDIA_TYPE))
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
    Request request = new Request(to, headers);
    if (!posts.tryAcquire()) {
      throw Problem.of(Status.TOO_MANY_REQUESTS, "too many requests post events at this moment")
          .retryAfter(1)
          .exception();
    }
    try {
      return request.serve(body);
    } finally {
      posts.release();
    }
  }

  /** One request, from its headers to its answer. */
  private final class Request {
    private final String topic;
    private final HttpHeaders headers;
    private final String contentType;
    private final String type;
    private final boolean binary;
    private final Posting posting =
        new Posting(publisher, tracing, config.acknowledgementTimeout());
    private final long deadline = System.nanoTime() + config.maxPostTime().toNanos();

    Request(String topic, HttpHeaders headers) {
      this.topic = topic;
      this.headers = headers;
      contentType = headers.getHeaderString(HttpHeaders.CONTENT_TYPE);
      binary = headers.getHeaderString(CloudEvent.HEADER_PREFIX + "specversion") != null;
      type =
          contentType == null
              ? ""
              : contentType.replaceFirst(";.*", "").strip().toLowerCase(Locale.ROOT);
      if (!binary && !LINES.contains(type) && !ARRAYS.contains(type)) {
        throw unsupported("the body must be one of " + ACCEPT_POST);
      }
      if (!binary
          && contentType.toLowerCase(Locale.ROOT).matches(".*;\\s*charset=(?!\"?utf-?8\\b).*")) {
        throw unsupported("the body must be UTF-8");
      }
    }

    private ProblemException unsupported(String detail) {
      return Problem.of(Status.UNSUPPORTED_MEDIA_TYPE, detail)
          .withHeader("Accept-Post", ACCEPT_POST)
          .exception();
    }

    Response serve(InputStream body) {
      try (posting) {
        return answer(body);
      }
    }

    private Response answer(InputStream body) {
      int line = 1;
      try {
        InputStream decoded = decoded(body);
        if (binary) {
          sendBinary(decoded);
        } else {
          DocumentReader reader =
              new DocumentReader(decoded, LINES.contains(type), config.maxEventBytes());
          DocumentReader.Document document;
          while ((document = reader.next()) != null) {
            line = document.line();
            send(document);
            checkTime(line);
          }
        }
        posting.awaitAll();
        if (posting.accepted() == 0) {
          throw Problem.of(Status.BAD_REQUEST, "the body has no event")
              .with("accepted", 0)
              .exception();
        }
        return Response.status(Status.ACCEPTED)
            .entity(
                Json.createObjectBuilder().add("accepted", posting.accepted()).build().toString())
            .build();
      } catch (Posting.NotAcknowledgedException e) {
        throw notAcknowledged(e);
      } catch (DocumentReader.UnreadableException e) {
        throw refused(
            e.isTooLarge() ? Status.REQUEST_ENTITY_TOO_LARGE : Status.BAD_REQUEST,
            e.line(),
            "line %d: %s".formatted(e.line(), e.getMessage()));
      } catch (SocketTimeoutException e) {
        throw refused(Status.REQUEST_TIMEOUT, line, "nothing more of the body came in time");
      } catch (ZipException e) {
        throw refused(Status.BAD_REQUEST, line, "the body is no gzip: " + FailureText.reason(e));
      } catch (IOException e) {
        throw refused(Status.BAD_REQUEST, line, "the body ends early: " + FailureText.reason(e));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw refused(Status.SERVICE_UNAVAILABLE, line, "the application stops");
      }
    }

    private InputStream decoded(InputStream body) throws IOException {
      String encoding = headers.getHeaderString(HttpHeaders.CONTENT_ENCODING);
      if (encoding == null || encoding.equalsIgnoreCase("identity")) {
        return body;
      }
      if (!encoding.equalsIgnoreCase("gzip") && !encoding.equalsIgnoreCase("x-gzip")) {
        throw unsupported("Content-Encoding must be gzip, or none");
      }
      return new GZIPInputStream(body, 1 << 15);
    }

    private void send(DocumentReader.Document document)
        throws Posting.NotAcknowledgedException, InterruptedException {
      boolean cloudEvent = !type.equals(JSON) && !LINES.contains(type);
      Set<String> names = new HashSet<>(Set.of("timestamp", "time", "partitionkey"));
      if (cloudEvent) {
        names.addAll(CloudEvent.required());
      }
      JsonCheck.Content content;
      try {
        content = JsonCheck.of(document.bytes(), names);
      } catch (IllegalArgumentException e) {
        throw refused(
            Status.BAD_REQUEST,
            document.line(),
            "line %d is no JSON: %s".formatted(document.line(), e.getMessage()));
      }
      String problem = cloudEvent ? CloudEvent.problem(content) : null;
      if (problem != null) {
        throw refused(
            Status.BAD_REQUEST, document.line(), "line %d: %s".formatted(document.line(), problem));
      }
      send(document, content, cloudEvent);
    }

    private void send(
        DocumentReader.Document document, JsonCheck.Content content, boolean cloudEvent)
        throws Posting.NotAcknowledgedException, InterruptedException {
      Instant now = Instant.now();
      Instant time =
          (cloudEvent ? content.time("time") : content.time("timestamp", "time"))
              .filter(at -> !at.isAfter(now) && at.isAfter(now.minus(OLDEST_TIMESTAMP)))
              .orElse(now);
      ProducerRecord<String, byte[]> record =
          new ProducerRecord<>(
              topic,
              null,
              time.toEpochMilli(),
              cloudEvent ? content.texts().get("partitionkey") : null,
              document.bytes());
      if (cloudEvent) {
        // what the Kafka binding of CloudEvents asks for
        record
            .headers()
            .add(
                "content-type",
                (CloudEvent.STRUCTURED + "; charset=UTF-8").getBytes(StandardCharsets.US_ASCII));
      }
      posting.send(document.line(), record);
    }

    private void sendBinary(InputStream body)
        throws IOException,
            DocumentReader.UnreadableException,
            Posting.NotAcknowledgedException,
            InterruptedException {
      byte[] data = body.readNBytes(config.maxEventBytes() + 1);
      if (data.length > config.maxEventBytes()) {
        throw new DocumentReader.UnreadableException(
            1, true, "the event is larger than %d bytes".formatted(config.maxEventBytes()));
      }
      Map<String, String> attributes = new HashMap<>();
      headers.getRequestHeaders().forEach((name, values) -> attributes.put(name, values.get(0)));
      try {
        if (data.length > 0 && CloudEvent.isJson(contentType)) {
          JsonCheck.of(data, Set.of());
        }
        byte[] event = CloudEvent.structured(attributes, contentType, data);
        DocumentReader.Document document = new DocumentReader.Document(1, event);
        send(document, JsonCheck.of(event, Set.of("time", "partitionkey")), true);
      } catch (IllegalArgumentException e) {
        throw refused(Status.BAD_REQUEST, 1, "this is no CloudEvent: " + e.getMessage());
      }
    }

    private void checkTime(int line) throws Posting.NotAcknowledgedException, InterruptedException {
      if (System.nanoTime() > deadline) {
        posting.awaitAll();
        throw refused(
            Status.REQUEST_TIMEOUT,
            line + 1,
            "the request took longer than API_MAX_POST_TIME, which is " + config.maxPostTime());
      }
    }

    private ProblemException refused(Response.StatusType status, int line, String detail) {
      try {
        posting.awaitAll();
      } catch (Posting.NotAcknowledgedException e) {
        return notAcknowledged(e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      Problem problem =
          Problem.of(status, detail).with("line", line).with("accepted", posting.accepted());
      return (status == Status.SERVICE_UNAVAILABLE ? problem.retryAfter(RETRY_SECONDS) : problem)
          .exception();
    }

    private ProblemException notAcknowledged(Posting.NotAcknowledgedException e) {
      boolean tooLarge = e.getCause() instanceof RecordTooLargeException;
      Problem problem =
          Problem.of(
                  tooLarge ? Status.REQUEST_ENTITY_TOO_LARGE : Status.SERVICE_UNAVAILABLE,
                  "line %d was not acknowledged by the broker: %s"
                      .formatted(e.line(), FailureText.reason(e.getCause())))
              .with("line", e.line())
              .with("accepted", posting.accepted());
      return (tooLarge ? problem : problem.retryAfter(RETRY_SECONDS)).exception();
    }
  }
}
