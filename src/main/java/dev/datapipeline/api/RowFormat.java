package dev.datapipeline.api;

import dev.datapipeline.storage.TopicPartitionPosition;
import dev.datapipeline.storage.read.DeadLetter;
import dev.datapipeline.storage.read.RawEvent;
import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.OffsetDateTime;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;

/** How rows look outside. For one thread. */
public final class EventFormat {
  static final String CSV_HEADER = "id,timestamp,topic,partition,offset,payload\r\n";

  /** Characters beside the payload, in general. */
  private static final int ENVELOPE = 150;

  private final Map<Integer, TopicPartitionPosition> positions;

  /** Topic and partition as members of an object: made once, because exports are long. */
  private final Map<Integer, String> sources = new HashMap<>();

  /**
   * Remembers names.
   *
   * @param positions what the rows' ids of partitions stand for
   */
  EventFormat(Map<Integer, TopicPartitionPosition> positions) {
    this.positions = positions;
  }

  /** Returns one line. The payload is as it was sent, but for line breaks between its tokens. */
  String json(RawEvent event) {
    String payload = event.getPayload();
    return new StringBuilder(payload.length() + ENVELOPE)
        .append("{\"id\":")
        .append(event.getId())
        .append(",\"timestamp\":\"")
        .append(time(event.getTimestamp()))
        .append("\",")
        .append(sources.computeIfAbsent(event.getTopicPartitionId(), this::source))
        .append("\"offset\":")
        .append(event.getKafkaOffset())
        .append(",\"payload\":")
        .append(oneLine(payload))
        .append('}')
        .toString();
  }

  private String source(int topicPartitionId) {
    TopicPartitionPosition position = positions.get(topicPartitionId);
    return position == null
        ? ""
        : "\"topic\":%s,\"partition\":%d,"
            .formatted(Json.createValue(position.getTopic()), position.getPartition());
  }

  /** A line break cannot be in a string of JSON, so it is only space between tokens. */
  private static String oneLine(String json) {
    return json.replace('\n', ' ').replace('\r', ' ');
  }

  private void addSource(JsonObjectBuilder json, int topicPartitionId, long offset) {
    TopicPartitionPosition position = positions.get(topicPartitionId);
    if (position != null) {
      json.add("topic", position.getTopic()).add("partition", position.getPartition());
    }
    json.add("offset", offset);
  }

  String csv(RawEvent event) {
    TopicPartitionPosition position = positions.get(event.getTopicPartitionId());
    String payload = event.getPayload();
    return new StringBuilder(payload.length() + ENVELOPE)
        .append(event.getId())
        .append(',')
        .append(time(event.getTimestamp()))
        .append(',')
        .append(position == null ? "" : position.getTopic())
        .append(',')
        .append(position == null ? "" : Integer.toString(position.getPartition()))
        .append(',')
        .append(event.getKafkaOffset())
        .append(",\"")
        .append(payload.replace("\"", "\"\""))
        .append("\"\r\n")
        .toString();
  }

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
    return json.build();
  }

  /** Text where the bytes are UTF-8, and base 64 where they are not. */
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

  /**
   * Returns a time as ISO 8601 has it.
   *
   * @param time a column's value
   * @return {@code infinity} or {@code -infinity} for what PostgreSQL calls that
   */
  public static String time(OffsetDateTime time) {
    if (time.isEqual(OffsetDateTime.MAX)) {
      return "infinity";
    }
    return time.isEqual(OffsetDateTime.MIN) ? "-infinity" : time.toInstant().toString();
  }
}
