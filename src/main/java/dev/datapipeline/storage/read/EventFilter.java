package dev.datapipeline.storage.read;

import jakarta.persistence.Query;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;

/**
 * Selects events. A null component doesn't restrict the selection.
 *
 * @param from the earliest timestamp, inclusive
 * @param to the latest timestamp, exclusive
 * @param topic the name of a topic
 * @param path a path into the payload, in the notation of PostgreSQL's {@code text[]}
 * @param value the text that the payload must have at the path; null only if the path is null
 * @param text what the payload must contain, in upper or lower case
 */
public record EventFilter(
    OffsetDateTime from, OffsetDateTime to, String topic, String path, String value, String text) {

  /** Every event. */
  public static final EventFilter ALL = new EventFilter(null, null, null, null, null, null);

  EventFilter between(OffsetDateTime newFrom, OffsetDateTime newTo) {
    return new EventFilter(newFrom, newTo, topic, path, value, text);
  }

  /** Returns the WHERE clause for entity {@code e}. All values are query parameters. */
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
    if (text != null) {
      conditions.add("SQL('strpos(lower(CAST(? AS text)), lower(?))', e.payload, :text) > 0");
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
    if (text != null) {
      query.setParameter("text", text);
    }
    return query;
  }
}
