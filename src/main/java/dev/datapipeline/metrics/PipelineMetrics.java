package dev.datapipeline.metrics;

import jakarta.enterprise.context.ApplicationScoped;
import java.util.concurrent.atomic.LongAdder;

/** What the pipeline has done since it started. Thread-safe. */
@ApplicationScoped
public class PipelineMetrics {
  private final LongAdder sent = new LongAdder();
  private final LongAdder notSent = new LongAdder();
  private final LongAdder stored = new LongAdder();
  private final LongAdder skipped = new LongAdder();
  private final LongAdder deadLettered = new LongAdder();
  private final LongAdder retries = new LongAdder();
  private final LongAdder batches = new LongAdder();

  /** Counts an event that the broker has acknowledged. */
  public void eventSent() {
    sent.increment();
  }

  /**
   * Counts events that could not be sent.
   *
   * @param events how many
   */
  public void eventsNotSent(long events) {
    notSent.add(events);
  }

  /**
   * Counts a committed batch.
   *
   * @param rows stored in {@code raw_events}
   * @param duplicates dropped because they were stored already
   * @param letters stored in {@code dead_letters}
   */
  public void batchStored(long rows, long duplicates, long letters) {
    stored.add(rows);
    skipped.add(duplicates);
    deadLettered.add(letters);
    batches.increment();
  }

  /** Counts an attempt to store a batch that failed and is made again. */
  public void batchRetried() {
    retries.increment();
  }

  /**
   * Returns the counts of now.
   *
   * @return a copy
   */
  public Counts counts() {
    return new Counts(
        sent.sum(),
        notSent.sum(),
        stored.sum(),
        skipped.sum(),
        deadLettered.sum(),
        retries.sum(),
        batches.sum());
  }

  /**
   * Totals since the start.
   *
   * @param sent events acknowledged by the broker
   * @param notSent events that could not be sent
   * @param stored records stored in {@code raw_events}
   * @param skipped records dropped because they were stored already
   * @param deadLettered records stored in {@code dead_letters}
   * @param retries attempts to store a batch that were made again
   * @param batches committed transactions
   */
  public record Counts(
      long sent,
      long notSent,
      long stored,
      long skipped,
      long deadLettered,
      long retries,
      long batches) {}
}
