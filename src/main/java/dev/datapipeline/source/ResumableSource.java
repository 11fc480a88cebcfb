package dev.datapipeline.source;

import java.util.Map;

/**
 * A source that goes on where it was, and whose events are sent in Kafka transactions: each of them
 * reaches the topic exactly once, whenever the application ends. Of several instances one runs it.
 */
public interface ResumableSource extends EventSource {

  /**
   * Returns whether this instance may run the source now. Called before each tick.
   *
   * @return false while another instance runs it
   */
  boolean claim();

  /**
   * Returns what tells this source from every other that sends to the same broker.
   *
   * @return the same at every start, in every instance
   */
  String transactionalId();

  /**
   * Goes on behind what is stored or on its way. Called before the first events, and again after
   * events could not be sent: those that {@link #next} has given since are not on the topic, unless
   * they are told here.
   *
   * @param onTheWay how far each file's lines are on the topic, as far as they are not known to be
   *     stored, by the file's row
   */
  void resume(Map<Long, Long> onTheWay);
}
