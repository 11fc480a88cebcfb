package dev.datapipeline.source;

import java.util.List;
import java.util.Optional;

/**
 * Supplies events. Every CDI bean that implements this interface is a source; the setting {@code
 * PRODUCER_SOURCE} chooses which of them run.
 *
 * <p>The producer calls a source from one thread at a time.
 */
public interface EventSource {

  /**
   * Returns the name that chooses this source in the configuration.
   *
   * @return lower-case letters, digits and hyphens, starting with a letter
   */
  String name();

  /**
   * Returns the next events. Called once per tick, so it should return quickly.
   *
   * @param max maximum number of events, 1 or more
   * @return the events in the order in which they are sent; may be empty, never null
   */
  List<Event> next(int max);

  /**
   * Returns what kept the last call of {@link #next} from returning some of the events, although
   * the source works. It is logged and shown by the health check.
   *
   * @return one line; empty if nothing did
   */
  default Optional<String> problem() {
    return Optional.empty();
  }
}
