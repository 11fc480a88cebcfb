package dev.datapipeline.broker;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.LongSupplier;

/**
 * The current ids of topics. If several threads ask at once, one request to the broker serves all
 * of them. Thread-safe.
 */
final class TopicIds {
  private record Answer(Optional<UUID> id, long askedAtNanos) {}

  private final Function<String, Optional<UUID>> broker;
  private final LongSupplier nanoTime;
  private final Map<String, Answer> answers = new HashMap<>();

  /**
   * Creates a cache without answers.
   *
   * @param broker returns the present id of a topic
   * @param nanoTime the clock, such as {@link System#nanoTime()}
   */
  TopicIds(Function<String, Optional<UUID>> broker, LongSupplier nanoTime) {
    this.broker = broker;
    this.nanoTime = nanoTime;
  }

  /** See {@link TopicLog#idAfter}. */
  synchronized Optional<UUID> after(String topic, long nanos) {
    Answer last = answers.get(topic);
    if (last == null || last.askedAtNanos - nanos <= 0) {
      long askedAt = nanoTime.getAsLong();
      last = new Answer(broker.apply(topic), askedAt);
      answers.put(topic, last);
    }
    return last.id;
  }
}
