package dev.datapipeline.metrics;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.concurrent.atomic.LongAdder;
import org.HdrHistogram.Recorder;
import org.eclipse.microprofile.metrics.Counter;
import org.eclipse.microprofile.metrics.Histogram;
import org.eclipse.microprofile.metrics.Metadata;
import org.eclipse.microprofile.metrics.MetricRegistry;
import org.eclipse.microprofile.metrics.Timer;

/**
 * What the pipeline has done since it started, for {@code /metrics}, health and the log. The
 * consumer's numbers are told once a batch or a delivery, never once a record, so that they cost a
 * flood nothing. Thread-safe.
 */
@ApplicationScoped
public class PipelineMetrics {
  private static final int RECENT_DIGITS = 2;

  private final Total received;
  private final Total stored;
  private final Total skipped;
  private final Total deadLettered;
  private final Total retries;
  private final Total sent;
  private final Total notSent;
  private final LongAdder batches = new LongAdder();
  private final Histogram batchSize;
  private final Timer writeTime;
  private final Timer latency;
  private final Recorder recentLatencies = new Recorder(RECENT_DIGITS);

  /** For the container's proxy only. */
  protected PipelineMetrics() {
    received = null;
    stored = null;
    skipped = null;
    deadLettered = null;
    retries = null;
    sent = null;
    notSent = null;
    batchSize = null;
    writeTime = null;
    latency = null;
  }

  /**
   * Registers the metrics, so that each is there from the start, with 0.
   *
   * @param registry shown at {@code /metrics}
   */
  @Inject
  public PipelineMetrics(MetricRegistry registry) {
    received =
        new Total(registry, "records_received", "Records that the channel delivered from Kafka");
    stored = new Total(registry, "records_stored", "Records committed to raw_events");
    skipped =
        new Total(
            registry,
            "records_skipped",
            "Records that came again and were dropped, because they are stored already");
    deadLettered =
        new Total(registry, "records_dead_lettered", "Records committed to dead_letters");
    retries =
        new Total(
            registry, "batch_retries", "Attempts to store a batch that failed and are made again");
    sent = new Total(registry, "producer_events_sent", "Events that the broker has acknowledged");
    notSent = new Total(registry, "producer_events_failed", "Events that could not be sent");
    batchSize =
        registry.histogram(
            metadata(
                "batch_records",
                "Records of a committed transaction: stored, skipped and dead-lettered"));
    writeTime =
        registry.timer(
            metadata(
                "batch_write_seconds",
                "Time that a batch took to be stored, from begin to commit, without failed tries"));
    latency =
        registry.timer(
            metadata(
                "end_to_end_latency_seconds",
                "Time from a record's timestamp to its commit, of the oldest record of each"
                    + " delivery"));
  }

  static Metadata metadata(String name, String help) {
    return Metadata.builder().withName("datapipeline_" + name).withDescription(help).build();
  }

  /** A number that only grows. Prometheus' own is a floating point number, health's is exact. */
  private static final class Total {
    private final LongAdder exact = new LongAdder();
    private final Counter shown;

    Total(MetricRegistry registry, String name, String help) {
      shown = registry.counter(metadata(name + "_total", help));
    }

    void add(long count) {
      if (count > 0) {
        exact.add(count);
        shown.inc(count);
      }
    }

    long sum() {
      return exact.sum();
    }
  }

  /** Counts an event that the broker has acknowledged. */
  public void eventSent() {
    sent.add(1);
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
   * Counts records that have arrived.
   *
   * @param records how many
   */
  public void recordsReceived(long records) {
    received.add(records);
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
    if (rows + duplicates + letters > 0) {
      batchSize.update(rows + duplicates + letters);
    }
  }

  /**
   * Tells how long it took to store a batch.
   *
   * @param nanos from the first attempt to the commit
   */
  public void batchWritten(long nanos) {
    writeTime.update(Duration.ofNanos(nanos));
  }

  /**
   * Tells how long a record took from its timestamp to its commit.
   *
   * @param millis below 0 if the clock that made the timestamp is ahead; taken as 0 then
   */
  public void visibleAfter(long millis) {
    latency.update(Duration.ofMillis(Math.max(0, millis)));
    recentLatencies.recordValue(Math.max(0, millis));
  }

  /**
   * Returns what {@link #visibleAfter} was told since this was called last. For one caller.
   *
   * @return milliseconds
   */
  public org.HdrHistogram.Histogram recentLatencies() {
    return recentLatencies.getIntervalHistogram();
  }

  /** Counts an attempt to store a batch that failed and is made again. */
  public void batchRetried() {
    retries.add(1);
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
      long batches) {

    /**
     * Returns how many records are done with.
     *
     * @return those stored, skipped, or dead-lettered
     */
    public long handled() {
      return stored + skipped + deadLettered;
    }
  }
}
