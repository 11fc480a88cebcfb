package dev.datapipeline.api;

import dev.datapipeline.storage.TopicPartitionPosition;
import dev.datapipeline.storage.read.DeadLetter;
import dev.datapipeline.storage.read.RawEvent;
import dev.datapipeline.storage.read.Timestamps;
import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import java.io.IOException;
import java.io.Writer;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.OffsetDateTime;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;

/**
 * Formats events and dead letters for clients: complete as JSON or CSV, and as a preview whose
 * payload is cut off. Not thread-safe.
 */
public final class RowFormat {
  static final String CSV_HEADER = "id,timestamp,topic,partition,offset,payload\r\n";

  /** The longest payload of a preview, so that large payloads do not fill the page. */
  static final int PREVIEW_CHARACTERS = 2_000;

  private final Map<Integer, TopicPartitionPosition> positions;

  /** Topic and partition as members of a JSON object, cached because exports are long. */
  private final Map<Integer, String> sources = new HashMap<>();

  /**
   * Creates a format.
   *
   * @param positions the topic and partition of each id that a row may refer to
   */
  public RowFormat(Map<Integer, TopicPartitionPosition> positions) {
    this.positions = positions;
  }

  /**
   * Writes an event as JSON in one line. Copies the payload as it was sent, except that line breaks
   * between its tokens become spaces.
   */
  void json(RawEvent event, Writer writer) throws IOException {
    writer
        .append("{\"id\":")
        .append(event.getId().toString())
        .append(",\"timestamp\":\"")
        .append(time(event.getTimestamp()))
        .append("\",")
        .append(sources.computeIfAbsent(event.getTopicPartitionId(), this::source))
        .append("\"offset\":")
        .append(Long.toString(event.getKafkaOffset()))
        .append(",\"payload\":")
        .append(oneLine(event.getPayload()))
        .append('}');
  }

  private String source(int topicPartitionId) {
    TopicPartitionPosition position = positions.get(topicPartitionId);
    return position == null
        ? ""
        : "\"topic\":%s,\"partition\":%d,"
            .formatted(Json.createValue(position.getTopic()), position.getPartition());
  }

  /** Replaces line breaks. A JSON string cannot contain one, so only white space changes. */
  private static String oneLine(String json) {
    return json.replace('\n', ' ').replace('\r', ' ');
  }

  /** Writes an event as a row of RFC 4180. */
  void csv(RawEvent event, Writer writer) throws IOException {
    TopicPartitionPosition position = positions.get(event.getTopicPartitionId());
    writer
        .append(event.getId().toString())
        .append(',')
        .append(time(event.getTimestamp()))
        .append(',')
        .append(position == null ? "" : position.getTopic())
        .append(',')
        .append(position == null ? "" : Integer.toString(position.getPartition()))
        .append(',')
        .append(Long.toString(event.getKafkaOffset()))
        .append(",\"")
        .append(event.getPayload().replace("\"", "\"\""))
        .append("\"\r\n");
  }

  /** Returns a dead letter with everything that is known about it. */
  JsonObject json(DeadLetter letter) {
    JsonObjectBuilder json =
        Json.createObjectBuilder()
            .add("id", letter.getId())
            .add("receivedAt", time(letter.getReceivedAt()))
            .add("timestamp", time(letter.getTimestamp()));
    addSource(json, letter.getTopicPartitionId(), letter.getKafkaOffset());
    json.add("reason", letter.getReason());
    if (letter.getSqlState() != null) {
      json.add("sqlstate", letter.getSqlState());
    }
    addBytes(json, "key", letter.getKey());
    addBytes(json, "payload", letter.getPayload());
    if (letter.getHeaders() != null) {
      json.add("headers", letter.getHeaders());
    }
    if (letter.getReplayedAt() != null) {
      json.add("replayedAt", time(letter.getReplayedAt()));
    }
    if (letter.getCorrectionSentAt() != null) {
      json.add("correctionSentAt", time(letter.getCorrectionSentAt()));
    }
    if (letter.getCorrectedAt() != null) {
      JsonObjectBuilder by = Json.createObjectBuilder();
      addSource(by, letter.getCorrectedByPartition(), letter.getCorrectedByOffset());
      json.add("correctedAt", time(letter.getCorrectedAt())).add("correctedBy", by);
    }
    return json.build();
  }

  /**
   * Returns an event with the beginning of its payload.
   *
   * @param event the event
   * @return an object whose member {@code payload} is text
   */
  public JsonObject preview(RawEvent event) {
    JsonObjectBuilder json =
        Json.createObjectBuilder()
            .add("id", event.getId())
            .add("timestamp", time(event.getTimestamp()));
    addSource(json, event.getTopicPartitionId(), event.getKafkaOffset());
    addBeginning(json, event.getPayload());
    return json.build();
  }

  /**
   * Returns a dead letter with the beginning of its payload.
   *
   * @param letter the dead letter
   * @return an object whose member {@code payload} is text
   */
  public JsonObject preview(DeadLetter letter) {
    JsonObjectBuilder json =
        Json.createObjectBuilder()
            .add("id", letter.getId())
            .add("receivedAt", time(letter.getReceivedAt()))
            .add("reason", letter.getReason());
    addSource(json, letter.getTopicPartitionId(), letter.getKafkaOffset());
    byte[] payload = letter.getPayload();
    addBeginning(json, payload == null ? "" : new String(payload, StandardCharsets.UTF_8));
    return json.build();
  }

  /**
   * Returns where an event came from.
   *
   * @param event the event
   * @param committedAt when it was stored; null if that is unknown
   */
  JsonObject origin(RawEvent event, OffsetDateTime committedAt) {
    JsonObjectBuilder json =
        Json.createObjectBuilder()
            .add("id", event.getId())
            .add("timestamp", time(event.getTimestamp()));
    addSource(json, event.getTopicPartitionId(), event.getKafkaOffset());
    TopicPartitionPosition position = positions.get(event.getTopicPartitionId());
    if (position != null) {
      json.add("topicId", position.getTopicId().toString())
          .add("incarnation", position.getIncarnation())
          .add("nextOffset", position.getNextOffset())
          .add("updatedAt", time(position.getUpdatedAt()));
    }
    if (committedAt != null) {
      json.add("committedAt", time(committedAt));
    }
    return json.build();
  }

  private void addSource(JsonObjectBuilder json, int topicPartitionId, long offset) {
    TopicPartitionPosition position = positions.get(topicPartitionId);
    if (position != null) {
      json.add("topic", position.getTopic()).add("partition", position.getPartition());
    }
    json.add("offset", offset);
  }

  /** Adds bytes as text if they are UTF-8, and in Base64 if they are not. */
  private static void addBytes(JsonObjectBuilder json, String name, byte[] bytes) {
    if (bytes == null) {
      json.addNull(name);
      return;
    }
    try {
      json.add(name, StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
    } catch (CharacterCodingException e) {
      json.add(name + "Base64", Base64.getEncoder().encodeToString(bytes));
    }
  }

  /** Adds the payload as text, because parsing it would change the spelling of numbers. */
  private static void addBeginning(JsonObjectBuilder json, String payload) {
    if (payload.length() <= PREVIEW_CHARACTERS) {
      json.add("payload", payload);
      return;
    }
    // half of a character could not be sent
    boolean splits = Character.isHighSurrogate(payload.charAt(PREVIEW_CHARACTERS - 1));
    json.add("payload", payload.substring(0, PREVIEW_CHARACTERS - (splits ? 1 : 0)))
        .add("characters", payload.length());
  }

  /**
   * Returns a time in ISO 8601.
   *
   * @return {@code infinity} or {@code -infinity} for PostgreSQL's special values
   */
  static String time(OffsetDateTime time) {
    if (Timestamps.isInfinite(time)) {
      return time.getYear() > 0 ? "infinity" : "-infinity";
    }
    return time.toInstant().toString();
  }
}
