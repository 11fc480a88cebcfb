package dev.datapipeline.source;

import java.time.Instant;
import java.util.Objects;

/**
 * One event, ready to be sent.
 *
 * @param key events with the same key keep their order; null if order does not matter
 * @param timestamp when it happened; becomes the Kafka record's timestamp
 * @param json the event as UTF-8 encoded JSON; not copied, so not to be changed any more
 */
public record Event(String key, Instant timestamp, byte[] json) {

  /** Checks that timestamp and JSON are there. */
  public Event {
    Objects.requireNonNull(timestamp, "timestamp");
    Objects.requireNonNull(json, "json");
  }
}
