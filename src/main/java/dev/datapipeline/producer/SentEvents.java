package dev.datapipeline.producer;

import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;

/** What became of the events of one sender. Thread-safe. */
final class SentEvents {
  private final LongAdder sent = new LongAdder();
  private final LongAdder notSent = new LongAdder();
  private volatile String lastError;

  void sent(long events) {
    sent.add(events);
  }

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

  Optional<String> lastError() {
    return Optional.ofNullable(lastError);
  }
}
