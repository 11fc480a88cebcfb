package dev.datapipeline.broker;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * The ids of topics, as they are now. A topic may be deleted and created again at any moment, and a
 * consumer that goes on reading need not notice; so the id is asked for after the records arrived.
 * Thread-safe.
 */
public final class TopicIds {
  private record Answer(Optional<UUID> id, long askedAtNanos) {}

  private final Broker broker;
  private final Map<String, Answer> answers = new HashMap<>();

  public TopicIds(Broker broker) {
    this.broker = broker;
  }

  /**
   * Returns the id that the topic had at a moment after the records arrived. Of several threads
   * that ask at once, one asks for all.
   *
   * @param topic its name
   * @param arrivedAtNanos when the records arrived, by {@link System#nanoTime()}
   * @return empty if there is no such topic any more
   * @throws BrokerUnavailableException if the broker does not answer
   */
  public synchronized Optional<UUID> after(String topic, long arrivedAtNanos) {
    Answer last = answers.get(topic);
    if (last == null || last.askedAtNanos - arrivedAtNanos <= 0) {
      long askedAt = System.nanoTime();
      last = new Answer(broker.topicId(topic), askedAt);
      answers.put(topic, last);
    }
    return last.id;
  }
}
