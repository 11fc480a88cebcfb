package dev.datapipeline.api.intake;

import dev.datapipeline.config.ApiConfig;
import dev.datapipeline.failure.FailureText;
import dev.datapipeline.http.Problem;
import dev.datapipeline.http.ProblemException;
import jakarta.json.Json;
import jakarta.ws.rs.core.HttpHeaders;
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
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.RecordTooLargeException;

/**
 * Serves one request that posts events, from its headers to its answer. Answers with an error at
 * the first event that is not valid; the events before it are kept. Not thread-safe.
 */
final class PostRequest {
  /**
   * Kafka deletes records by their timestamp: an older event could be deleted before it is stored.
   */
  private static final Duration OLDEST_TIMESTAMP = Duration.ofDays(1);

  private static final int GZIP_BUFFER = 1 << 15;
  private static final int RETRY_SECONDS = 5;

  private final String topic;
  private final HttpHeaders headers;
  private final String contentType;
  private final BodyFormat format;
  private final Posting posting;
  private final ApiConfig config;
  private final long deadlineNanos;

  /**
   * Creates a request.
   *
   * @param topic the topic to send the events to
   * @param headers the request's headers
   * @param posting sends the events
   * @param config the limits
   * @throws ProblemException if the format of the body is not supported
   */
  PostRequest(String topic, HttpHeaders headers, Posting posting, ApiConfig config) {
    this.topic = topic;
    this.headers = headers;
    this.posting = posting;
    this.config = config;
    deadlineNanos = System.nanoTime() + config.maxPostTime().toNanos();
    contentType = headers.getHeaderString(HttpHeaders.CONTENT_TYPE);
    boolean cloudEventHeaders =
        headers.getHeaderString(CloudEvent.HEADER_PREFIX + "specversion") != null;
    try {
      format = BodyFormat.of(contentType, cloudEventHeaders);
    } catch (IllegalArgumentException e) {
      throw unsupported(e.getMessage());
    }
  }

  private static ProblemException unsupported(String detail) {
    return Problem.of(Status.UNSUPPORTED_MEDIA_TYPE, detail)
        .withHeader("Accept-Post", BodyFormat.ACCEPT_POST)
        .exception();
  }

  /**
   * Sends the events and waits until the broker has acknowledged all of them.
   *
   * @param body the request's body
   * @return 202 with the number of events
   * @throws ProblemException if an event was not accepted
   */
  Response serve(InputStream body) {
    try (posting) {
      return answer(body);
    }
  }

  private Response answer(InputStream body) {
    int line = 1;
    try {
      InputStream decoded = decoded(body);
      if (format == BodyFormat.BINARY_CLOUD_EVENT) {
        sendBinary(decoded);
      } else {
        DocumentReader reader =
            new DocumentReader(decoded, format == BodyFormat.LINES, config.maxEventBytes());
        DocumentReader.Document document;
        while ((document = reader.next()) != null) {
          line = document.line();
          send(document);
          checkTime(line);
        }
      }
      posting.awaitAll();
      if (posting.accepted() == 0) {
        throw Problem.of(Status.BAD_REQUEST, "the body contains no events")
            .with("accepted", 0)
            .exception();
      }
      return Response.status(Status.ACCEPTED)
          .entity(Json.createObjectBuilder().add("accepted", posting.accepted()).build().toString())
          .build();
    } catch (Posting.NotAcknowledgedException e) {
      throw notAcknowledged(e);
    } catch (DocumentReader.UnreadableException e) {
      throw refused(
          e.isTooLarge() ? Status.REQUEST_ENTITY_TOO_LARGE : Status.BAD_REQUEST,
          e.line(),
          "line %d: %s".formatted(e.line(), e.getMessage()));
    } catch (SocketTimeoutException e) {
      throw refused(Status.REQUEST_TIMEOUT, line, "timed out waiting for the rest of the body");
    } catch (ZipException e) {
      throw refused(
          Status.BAD_REQUEST, line, "the body is not valid gzip: " + FailureText.reason(e));
    } catch (IOException e) {
      throw refused(Status.BAD_REQUEST, line, "the body ended early: " + FailureText.reason(e));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw refused(Status.SERVICE_UNAVAILABLE, line, "the application is stopping");
    }
  }

  private InputStream decoded(InputStream body) throws IOException {
    String encoding = headers.getHeaderString(HttpHeaders.CONTENT_ENCODING);
    if (encoding == null || encoding.equalsIgnoreCase("identity")) {
      return body;
    }
    if (!encoding.equalsIgnoreCase("gzip") && !encoding.equalsIgnoreCase("x-gzip")) {
      throw unsupported("Content-Encoding must be gzip or absent");
    }
    return new GZIPInputStream(body, GZIP_BUFFER);
  }

  private void send(DocumentReader.Document document)
      throws Posting.NotAcknowledgedException, InterruptedException {
    Set<String> names = new HashSet<>(Set.of("timestamp", "time", "partitionkey"));
    if (format.isCloudEvent()) {
      names.addAll(CloudEvent.REQUIRED);
    }
    JsonCheck.Content content;
    try {
      content = JsonCheck.of(document.bytes(), names);
    } catch (IllegalArgumentException e) {
      throw refused(
          Status.BAD_REQUEST,
          document.line(),
          "line %d is not valid JSON: %s".formatted(document.line(), e.getMessage()));
    }
    Optional<String> problem =
        format.isCloudEvent() ? CloudEvent.problem(content) : Optional.empty();
    if (problem.isPresent()) {
      throw refused(
          Status.BAD_REQUEST,
          document.line(),
          "line %d: %s".formatted(document.line(), problem.get()));
    }
    send(document, content);
  }

  private void send(DocumentReader.Document document, JsonCheck.Content content)
      throws Posting.NotAcknowledgedException, InterruptedException {
    ProducerRecord<String, byte[]> record =
        new ProducerRecord<>(
            topic,
            null,
            timestamp(content).toEpochMilli(),
            format.isCloudEvent() ? content.texts().get("partitionkey") : null,
            document.bytes());
    if (format.isCloudEvent()) {
      // required by the Kafka protocol binding of CloudEvents
      record
          .headers()
          .add(
              "content-type",
              (CloudEvent.STRUCTURED + "; charset=UTF-8").getBytes(StandardCharsets.US_ASCII));
    }
    posting.send(document.line(), record);
  }

  /** Returns the event's own time if it is recent, otherwise the current time. */
  private Instant timestamp(JsonCheck.Content content) {
    Instant now = Instant.now();
    Optional<Instant> own =
        format.isCloudEvent() ? content.time("time") : content.time("timestamp", "time");
    return own.filter(time -> !time.isAfter(now) && time.isAfter(now.minus(OLDEST_TIMESTAMP)))
        .orElse(now);
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
      send(document, JsonCheck.of(event, Set.of("time", "partitionkey")));
    } catch (IllegalArgumentException e) {
      throw refused(Status.BAD_REQUEST, 1, "not a valid CloudEvent: " + e.getMessage());
    }
  }

  private void checkTime(int line) throws Posting.NotAcknowledgedException, InterruptedException {
    if (System.nanoTime() - deadlineNanos > 0) {
      posting.awaitAll();
      throw refused(
          Status.REQUEST_TIMEOUT,
          line + 1,
          "the request took longer than API_MAX_POST_TIME (%s)".formatted(config.maxPostTime()));
    }
  }

  /** Waits for the events that were already sent, so that {@code accepted} is exact. */
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
