package dev.datapipeline.source;

import dev.datapipeline.record.FilePosition;
import java.time.Instant;
import java.util.Objects;

/**
 * One event, ready to be sent.
 *
 * @param key events with the same key keep their order; null if order does not matter
 * @param timestamp when it happened; becomes the Kafka record's timestamp
 * @param json the event as UTF-8 encoded JSON; not copied, so not to be changed any more
 * @param position how far a {@link ResumableSource} has come with it; null for every other source
 */
public record Event(String key, Instant timestamp, byte[] json, FilePosition position) {

  /** Checks that timestamp and JSON are there. */
  public Event {
    Objects.requireNonNull(timestamp, "timestamp");
    Objects.requireNonNull(json, "json");
  }

  /**
   * Makes an event of a source that remembers nothing.
   *
   * @param key events with the same key keep their order; null if order does not matter
   * @param timestamp when it happened
   * @param json the event as UTF-8 encoded JSON; not copied
   */
  public Event(String key, Instant timestamp, byte[] json) {
    this(key, timestamp, json, null);
  }
}
