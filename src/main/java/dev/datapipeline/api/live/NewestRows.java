package dev.datapipeline.api.live;

import dev.datapipeline.api.PipelineNumbers;
import dev.datapipeline.api.RowFormat;
import dev.datapipeline.storage.read.DeadLetterRepository;
import dev.datapipeline.storage.read.EventFilter;
import dev.datapipeline.storage.read.EventReader;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import java.util.LinkedHashMap;
import java.util.Map;

/** Reads the newest events and dead letters, and the totals of their tables. Thread-safe. */
@ApplicationScoped
class NewestRows {
  private static final int ROWS = 20;

  @Inject private EventReader reader;
  @Inject private DeadLetterRepository deadLetters;
  @Inject private PipelineNumbers numbers;

  /**
   * Queries the database.
   *
   * @return JSON by the name of the server-sent event
   */
  Map<String, String> read() {
    RowFormat format = new RowFormat(reader.positions());
    JsonArrayBuilder events = Json.createArrayBuilder();
    reader
        .latest(EventFilter.ALL, null, ROWS)
        .rows()
        .forEach(event -> events.add(format.preview(event)));
    JsonArrayBuilder letters = Json.createArrayBuilder();
    deadLetters
        .list(false, null, null, ROWS)
        .rows()
        .forEach(letter -> letters.add(format.preview(letter)));
    Map<String, String> messages = new LinkedHashMap<>();
    messages.put("events", events.build().toString());
    messages.put("deadLetters", letters.build().toString());
    messages.put("database", numbers.database().toString());
    return messages;
  }
}
