package dev.datapipeline.source;

import dev.datapipeline.record.FileProgress;

/**
 * A source that can resume at a stored position. Its events are sent in Kafka transactions, so each
 * of them reaches the topic exactly once, even if the application crashes. Only one of several
 * instances runs it at a time.
 */
public interface ResumableSource extends EventSource {

  /**
   * Claims the source for this instance, or renews the claim. Called before each request for
   * events.
   *
   * @return false while another instance runs the source
   */
  boolean claim();

  /**
   * Returns the transactional id of the Kafka producer. It must be unique among all producers of
   * the broker.
   *
   * @return the same id after every restart and in every instance
   */
  String transactionalId();

  /**
   * Resumes after the last event that is stored in the database or on the topic. Called before the
   * first request for events, and again after a transaction failed. Events that {@link #next}
   * returned since the previous call must then be returned again, unless the stored positions or
   * the argument cover them.
   *
   * @param unstored positions of events that are on the topic but not stored yet
   */
  void resume(FileProgress unstored);
}
