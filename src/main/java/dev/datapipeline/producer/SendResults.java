package dev.datapipeline.producer;

import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;

/** Counts the sent and the failed events of one source. Thread-safe. */
final class SendResults {
  private final LongAdder sent = new LongAdder();
  private final LongAdder notSent = new LongAdder();
  private volatile String lastError;

  /** Counts events that the broker acknowledged. */
  void sent(long events) {
    sent.add(events);
  }

  /**
   * Counts events that could not be sent.
   *
   * @param reason one line
   */
  void notSent(long events, String reason) {
    notSent.add(events);
    lastError = reason;
  }

  long sent() {
    return sent.sum();
  }

  long notSent() {
    return notSent.sum();
  }

  /** Returns why the most recent failed event could not be sent; empty if none failed. */
  Optional<String> lastError() {
    return Optional.ofNullable(lastError);
  }
}
