package dev.datapipeline.source;

import java.util.List;

/**
 * Where events come from. A CDI bean that implements this is a source; the setting {@code
 * PRODUCER_SOURCE} names those that run.
 *
 * <p>The producer calls a source from one thread at a time.
 */
public interface EventSource {

  /**
   * Returns the name by which the configuration chooses this source.
   *
   * @return lower-case letters, digits and hyphens
   */
  String name();

  /**
   * Returns the next events. Called once a tick; it should return promptly.
   *
   * @param max how many events are wanted at the most, 1 or more
   * @return the events in the order in which they are to be sent, possibly none; never null
   */
  List<Event> next(int max);
}
