package dev.datapipeline.storage.read;

import jakarta.persistence.Query;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;

/**
 * Which events to read. Each part that is null lets everything pass.
 *
 * @param from the earliest timestamp
 * @param to before this timestamp
 * @param topic the name of a topic
 * @param path a path into the payload, in the notation of a {@code text[]} of PostgreSQL
 * @param value what the payload has there, as text; null only together with the path
 */
public record EventFilter(
    OffsetDateTime from, OffsetDateTime to, String topic, String path, String value) {

  /** Every event. */
  public static final EventFilter ALL = new EventFilter(null, null, null, null, null);

  EventFilter between(OffsetDateTime newFrom, OffsetDateTime newTo) {
    return new EventFilter(newFrom, newTo, topic, path, value);
  }

  /** Returns the conditions on {@code e}; the values are parameters only. */
  String where(String... further) {
    List<String> conditions = new ArrayList<>(List.of(further));
    if (from != null) {
      conditions.add("e.timestamp >= :from");
    }
    if (to != null) {
      conditions.add("e.timestamp < :to");
    }
    if (topic != null) {
      conditions.add(
          "e.topicPartitionId IN (SELECT p.id FROM TopicPartitionPosition p WHERE p.topic = :topic)");
    }
    if (path != null) {
      conditions.add("FUNCTION('payload_equals', e.payload, :path, :value) = TRUE");
    }
    return conditions.isEmpty() ? "" : " WHERE " + String.join(" AND ", conditions);
  }

  <Q extends Query> Q bind(Q query) {
    if (from != null) {
      query.setParameter("from", from);
    }
    if (to != null) {
      query.setParameter("to", to);
    }
    if (topic != null) {
      query.setParameter("topic", topic);
    }
    if (path != null) {
      query.setParameter("path", path);
      query.setParameter("value", value);
    }
    return query;
  }
}
