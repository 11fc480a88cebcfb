package dev.datapipeline.broker;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;

/**
 * The current ids of topics. If several threads ask at once, one request to the broker serves all
 * of them. Thread-safe.
 */
final class TopicIds {
  private record Answer(Optional<UUID> id, long askedAtNanos) {}

  private final Function<String, Optional<UUID>> broker;
  private final Map<String, Answer> answers = new HashMap<>();

  TopicIds(Function<String, Optional<UUID>> broker) {
    this.broker = broker;
  }

  /** See {@link TopicLog#idAfter}. */
  synchronized Optional<UUID> after(String topic, long arrivedAtNanos) {
    Answer last = answers.get(topic);
    if (last == null || last.askedAtNanos - arrivedAtNanos <= 0) {
      long askedAt = System.nanoTime();
      last = new Answer(broker.apply(topic), askedAt);
      answers.put(topic, last);
    }
    return last.id;
  }
}
