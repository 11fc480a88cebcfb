package dev.datapipeline.api.live;

import dev.datapipeline.api.EventFormat;
import dev.datapipeline.storage.TopicPartitionPosition;
import dev.datapipeline.storage.read.DeadLetter;
import dev.datapipeline.storage.read.DeadLetterRepository;
import dev.datapipeline.storage.read.EventFilter;
import dev.datapipeline.storage.read.EventReader;
import dev.datapipeline.storage.read.RawEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonObjectBuilder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/** The newest rows of the tables, cut so that large ones do not fill a page. Thread-safe. */
@ApplicationScoped
class StoredRows {
  private static final int ROWS = 20;
  private static final int MAX_CHARACTERS = 2_000;

  @Inject private EventReader reader;
  @Inject private DeadLetterRepository box;

  /** Asks the database; returns JSON by the kind of message. */
  Map<String, String> read() {
    Map<Integer, TopicPartitionPosition> positions = reader.positions();
    Map<String, String> messages = new LinkedHashMap<>();
    JsonArrayBuilder events = Json.createArrayBuilder();
    for (RawEvent event : reader.latest(EventFilter.ALL, null, ROWS)) {
      JsonObjectBuilder json =
          Json.createObjectBuilder()
              .add("id", event.getId())
              .add("timestamp", EventFormat.time(event.getTimestamp()));
      addSource(json, positions.get(event.getTopicPartitionId()), event.getKafkaOffset());
      addPayload(json, event.getPayload());
      events.add(json);
    }
    messages.put("events", events.build().toString());
    JsonArrayBuilder letters = Json.createArrayBuilder();
    for (DeadLetter letter : box.list(false, null, null, ROWS)) {
      JsonObjectBuilder json =
          Json.createObjectBuilder()
              .add("id", letter.getId())
              .add("receivedAt", EventFormat.time(letter.getReceivedAt()))
              .add("reason", letter.getReason());
      addSource(json, positions.get(letter.getTopicPartitionId()), letter.getKafkaOffset());
      addPayload(
          json,
          letter.getPayload() == null
              ? ""
              : new String(letter.getPayload(), StandardCharsets.UTF_8));
      letters.add(json);
    }
    EventReader.Total total = reader.total();
    messages.put("deadLetters", letters.build().toString());
    messages.put(
        "database",
        Json.createObjectBuilder()
            .add("events", total.events())
            .add("estimated", total.estimated())
            .add("deadLetters", box.waiting())
            .build()
            .toString());
    return messages;
  }

  private static void addSource(
      JsonObjectBuilder json, TopicPartitionPosition position, long offset) {
    if (position != null) {
      json.add("topic", position.getTopic()).add("partition", position.getPartition());
    }
    json.add("offset", offset);
  }

  /** As text: what parses numbers would change them. */
  private static void addPayload(JsonObjectBuilder json, String payload) {
    json.add("payload", payload.substring(0, Math.min(MAX_CHARACTERS, payload.length())));
    if (payload.length() > MAX_CHARACTERS) {
      json.add("characters", payload.length());
    }
  }
}
