package dev.datapipeline.source;

import dev.datapipeline.record.FilePosition;
import java.time.Instant;
import java.util.Objects;

/**
 * An event, ready to be sent.
 *
 * @param key events with the same key keep their order; null if the order doesn't matter
 * @param timestamp when the event happened; becomes the timestamp of the Kafka record
 * @param json the event as UTF-8 encoded JSON; not copied, so don't change it afterwards
 * @param position where a {@link ResumableSource} resumes after this event; null for other sources
 */
public record Event(String key, Instant timestamp, byte[] json, FilePosition position) {

  /** Checks that the timestamp and the JSON are not null. */
  public Event {
    Objects.requireNonNull(timestamp, "timestamp");
    Objects.requireNonNull(json, "json");
  }

  /**
   * Creates an event of a source that isn't resumable.
   *
   * @param key events with the same key keep their order; null if the order doesn't matter
   * @param timestamp when the event happened
   * @param json the event as UTF-8 encoded JSON; not copied, so don't change it afterwards
   */
  public Event(String key, Instant timestamp, byte[] json) {
    this(key, timestamp, json, null);
  }
}
