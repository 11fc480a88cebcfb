package dev.datapipeline.api.intake;

import dev.datapipeline.config.ApiConfig;
import dev.datapipeline.config.KafkaConfig;
import dev.datapipeline.http.JsonResponse;
import dev.datapipeline.http.Parameters;
import dev.datapipeline.http.Problem;
import dev.datapipeline.producer.EventPublisher;
import dev.datapipeline.record.Correction;
import dev.datapipeline.record.FilePosition;
import dev.datapipeline.storage.TopicPartitionPosition;
import dev.datapipeline.storage.read.DeadLetter;
import dev.datapipeline.storage.read.DeadLetterRepository;
import dev.datapipeline.storage.read.EventReader;
import dev.datapipeline.storage.read.Timestamps;
import dev.datapipeline.tracing.Tracing;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonReader;
import jakarta.json.JsonString;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.Response.Status;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.Set;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Headers;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.ExampleObject;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.parameters.RequestBody;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/** Sends dead letters again with another payload, as new records. */
@Path("dead-letters/{id}/correction")
@ApplicationScoped
@Tag(name = "Dead letters")
public class CorrectionsResource {
  /** Headers that would be wrong in another record. */
  private static final Set<String> NOT_COPIED =
      Set.of(FilePosition.HEADER, Correction.HEADER, "traceparent", "tracestate");

  @Inject private ApiConfig config;
  @Inject private KafkaConfig kafka;
  @Inject private EventPublisher publisher;
  @Inject private Tracing tracing;
  @Inject private DeadLetterRepository deadLetters;
  @Inject private EventReader reader;

  /**
   * Sends a corrected record. The dead letter is marked in the transaction that stores this record,
   * so neither is there without the other.
   *
   * @param body the corrected payload
   * @param id the dead letter's id
   * @param again whether to send another record although one was sent before; false if null
   * @return 202 when the broker has acknowledged the record
   */
  @POST
  @Consumes(MediaType.WILDCARD)
  @Produces(MediaType.APPLICATION_JSON)
  @Operation(
      summary = "Send a dead letter again with another payload",
      description =
          "The new record has the topic, key, timestamp and headers of the dead letter, and the"
              + " header datapipeline-replay-of. The dead letter gets correctedAt when the new"
              + " record is stored. Until then, another correction needs again=true; the event is"
              + " stored twice if both records arrive.")
  @RequestBody(
      required = true,
      content =
          @Content(
              mediaType = MediaType.APPLICATION_JSON,
              examples = @ExampleObject(name = "payload", value = "{\"value\":42}")))
  @APIResponse(
      responseCode = "202",
      description = "the broker has acknowledged the record",
      content =
          @Content(
              mediaType = MediaType.APPLICATION_JSON,
              examples = @ExampleObject(name = "sent", value = "{\"id\":1,\"sent\":true}")))
  @APIResponse(responseCode = "400", description = "the payload is not valid JSON")
  @APIResponse(responseCode = "404", description = "there is no such dead letter")
  @APIResponse(
      responseCode = "409",
      description = "the dead letter was replayed or corrected, or a correction was sent before")
  @APIResponse(responseCode = "413", description = "larger than API_MAX_EVENT_BYTES")
  @APIResponse(responseCode = "503", description = "the broker does not acknowledge the record")
  public Response correct(
      InputStream body,
      @PathParam("id") String id,
      @QueryParam("again") @Parameter(description = "true to send another record") String again) {
    boolean repeat = Parameters.flag("again", again);
    long number = Parameters.id("id", id);
    DeadLetter letter =
        deadLetters
            .find(number)
            .orElseThrow(
                () ->
                    Problem.of(Status.NOT_FOUND, "there is no dead letter " + number).exception());
    byte[] payload = read(body);
    ProducerRecord<String, byte[]> record = record(letter, payload);
    Correction correction =
        deadLetters
            .beginCorrection(number, repeat)
            .orElseThrow(
                () ->
                    conflict(
                        "dead letter %d was replayed or corrected, or a correction is on its way"
                            .formatted(number)));
    record.headers().add(Correction.HEADER, correction.toBytes());
    send(record);
    return JsonResponse.of(
        Status.ACCEPTED, Json.createObjectBuilder().add("id", number).add("sent", true).build());
  }

  private static RuntimeException conflict(String detail) {
    return Problem.of(Status.CONFLICT, detail).exception();
  }

  private byte[] read(InputStream body) {
    byte[] payload;
    try {
      payload = body.readNBytes(config.maxEventBytes() + 1);
    } catch (IOException e) {
      throw Problem.of(Status.BAD_REQUEST, "the request's body could not be read").exception();
    }
    if (payload.length > config.maxEventBytes()) {
      throw Problem.of(
              Status.REQUEST_ENTITY_TOO_LARGE,
              "the payload is larger than %d bytes".formatted(config.maxEventBytes()))
          .exception();
    }
    try {
      JsonCheck.of(payload, Set.of());
    } catch (IllegalArgumentException e) {
      throw Problem.of(Status.BAD_REQUEST, "the payload is not valid JSON: " + e.getMessage())
          .exception();
    }
    return payload;
  }

  private ProducerRecord<String, byte[]> record(DeadLetter letter, byte[] payload) {
    TopicPartitionPosition position = reader.positions().get(letter.getTopicPartitionId());
    if (position == null || !kafka.topics().contains(position.getTopic())) {
      throw conflict("the dead letter's topic is none of this pipeline");
    }
    String key =
        letter.getKey() == null ? null : new String(letter.getKey(), StandardCharsets.UTF_8);
    if (key != null && !Arrays.equals(key.getBytes(StandardCharsets.UTF_8), letter.getKey())) {
      throw conflict("the dead letter's key is not text");
    }
    boolean timed =
        !Timestamps.isInfinite(letter.getTimestamp()) && letter.getTimestamp().toEpochSecond() >= 0;
    ProducerRecord<String, byte[]> record =
        new ProducerRecord<>(
            position.getTopic(),
            null,
            timed ? letter.getTimestamp().toInstant().toEpochMilli() : null,
            key,
            payload);
    if (letter.getHeaders() != null) {
      copyHeaders(letter.getHeaders(), record.headers());
    }
    return record;
  }

  private static void copyHeaders(String json, Headers headers) {
    try (JsonReader from = Json.createReader(new StringReader(json))) {
      for (JsonObject header : from.readArray().getValuesAs(JsonObject.class)) {
        String name = header.getString("key");
        if (!NOT_COPIED.contains(name)) {
          headers.add(name, value(header));
        }
      }
    }
  }

  private static byte[] value(JsonObject header) {
    if (header.containsKey("base64")) {
      return Base64.getDecoder().decode(header.getString("base64"));
    }
    return header.get("value") instanceof JsonString text
        ? text.getString().getBytes(StandardCharsets.UTF_8)
        : null;
  }

  private void send(ProducerRecord<String, byte[]> record) {
    try (Posting posting =
        new Posting(publisher::publish, tracing::sending, config.acknowledgementTimeout())) {
      posting.send(1, record);
      posting.awaitAll();
    } catch (Posting.NotAcknowledgedException e) {
      throw Problem.of(
              Status.SERVICE_UNAVAILABLE,
              "the broker has not acknowledged the record. It may arrive later: look at the dead"
                  + " letter before you send it again")
          .retryAfter(5)
          .exception();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw Problem.of(Status.SERVICE_UNAVAILABLE, "the server is stopping").exception();
    }
  }
}
