package dev.datapipeline.api;

import dev.datapipeline.storage.RawEvent;
import dev.datapipeline.storage.RejectedRecord;
import dev.datapipeline.storage.TopicPartitionPosition;
import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.OffsetDateTime;
import java.util.Base64;
import java.util.Map;

/**
 * How rows look outside.
 *
 * @param positions what the rows' ids of partitions stand for
 */
record EventFormat(Map<Integer, TopicPartitionPosition> positions) {
  static final String CSV_HEADER = "id,timestamp,topic,partition,offset,payload\r\n";

  /** Returns one line. The payload is as it was sent, but for line breaks between its tokens. */
  String json(RawEvent event) {
    JsonObjectBuilder source = Json.createObjectBuilder();
    addSource(source, event.getTopicPartitionId(), event.getKafkaOffset());
    String members = source.build().toString();
    return "{\"id\":%d,\"timestamp\":\"%s\",%s,\"payload\":%s}"
        .formatted(
            event.getId(),
            time(event.getTimestamp()),
            members.substring(1, members.length() - 1),
            oneLine(event.getPayload()));
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
    return "%d,%s,%s,%s,%d,\"%s\"\r\n"
        .formatted(
            event.getId(),
            time(event.getTimestamp()),
            position == null ? "" : position.getTopic(),
            position == null ? "" : position.getPartition(),
            event.getKafkaOffset(),
            event.getPayload().replace("\"", "\"\""));
  }

  JsonObject json(RejectedRecord letter) {
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

  static String time(OffsetDateTime time) {
    if (time.isEqual(OffsetDateTime.MAX)) {
      return "infinity";
    }
    return time.isEqual(OffsetDateTime.MIN) ? "-infinity" : time.toInstant().toString();
  }
}
