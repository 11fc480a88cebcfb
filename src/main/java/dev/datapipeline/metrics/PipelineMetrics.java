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
 * Counts what the pipeline has done since it started, for {@code /metrics}, health and the log. The
 * consumer updates its numbers once per batch, never once per record, so metrics stay cheap at high
 * rates. Thread-safe.
 *
 * <p>Needs only a registry, so a unit test can create one with its own registry.
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
  private final Total refusedCredentials;
  private final LongAdder batches = new LongAdder();
  private final Histogram batchSize;
  private final Timer writeTime;
  private final Timer latency;
  private final Recorder recentLatencies = new Recorder(RECENT_DIGITS);

  private volatile Observer observer = (metric, value) -> {};

  /** Receives the values of which histograms are made. */
  @FunctionalInterface
  public interface Observer {
    /**
     * Called for each value. Must return soon.
     *
     * @param metric the metric's name without its prefix, such as {@code batch_write_seconds}
     * @param value the value in the unit that the name ends with
     */
    void observe(String metric, double value);
  }

  /** Required by CDI for client proxies; do not call. */
  protected PipelineMetrics() {
    received = null;
    stored = null;
    skipped = null;
    deadLettered = null;
    retries = null;
    sent = null;
    notSent = null;
    refusedCredentials = null;
    batchSize = null;
    writeTime = null;
    latency = null;
  }

  /**
   * Registers all metrics, so that each is exported as 0 from the start.
   *
   * @param registry the registry that {@code /metrics} exports
   */
  @Inject
  public PipelineMetrics(MetricRegistry registry) {
    received = new Total(registry, "records_received", "Records received from Kafka");
    stored = new Total(registry, "records_stored", "Records committed to raw_events");
    skipped =
        new Total(registry, "records_skipped", "Records skipped because they were already stored");
    deadLettered =
        new Total(registry, "records_dead_lettered", "Records committed to dead_letters");
    retries =
        new Total(
            registry,
            "batch_retries",
            "Failed attempts to store a batch, each followed by a retry");
    sent = new Total(registry, "producer_events_sent", "Events acknowledged by the broker");
    notSent = new Total(registry, "producer_events_failed", "Events that could not be sent");
    refusedCredentials =
        new Total(
            registry, "http_credentials_refused", "Requests with a wrong name, password or token");
    batchSize =
        registry.histogram(
            metadata(
                "batch_records",
                "Records per committed transaction: stored, skipped and dead-lettered"));
    writeTime =
        registry.timer(
            metadata(
                "batch_write_seconds",
                "Time to store a batch, from begin to commit, without failed attempts"));
    latency =
        registry.timer(
            metadata(
                "end_to_end_latency_seconds",
                "Time from a record's timestamp to its commit, for the oldest record of each"
                    + " delivery"));
  }

  static Metadata metadata(String name, String help) {
    return Metadata.builder().withName("datapipeline_" + name).withDescription(help).build();
  }

  /** A monotonic counter: exact for the health checks, floating point for Prometheus. */
  private static final class Total {
    private final LongAdder exact = new LongAdder();
    private final Counter exported;

    Total(MetricRegistry registry, String name, String help) {
      exported = registry.counter(metadata(name + "_total", help));
    }

    void add(long count) {
      if (count > 0) {
        exact.add(count);
        exported.inc(count);
      }
    }

    long sum() {
      return exact.sum();
    }
  }

  /** Counts one event that the broker acknowledged. */
  public void eventSent() {
    sent.add(1);
  }

  /**
   * Counts events that could not be sent.
   *
   * @param events number of events
   */
  public void eventsNotSent(long events) {
    notSent.add(events);
  }

  /** Counts one request whose credentials were not accepted. */
  public void credentialsRefused() {
    refusedCredentials.add(1);
  }

  /**
   * Counts records that were received from Kafka.
   *
   * @param records number of records
   */
  public void recordsReceived(long records) {
    received.add(records);
  }

  /**
   * Counts a committed batch.
   *
   * @param rows number of records stored in {@code raw_events}
   * @param duplicates number of records skipped because they were already stored
   * @param letters number of records stored in {@code dead_letters}
   */
  public void batchStored(long rows, long duplicates, long letters) {
    stored.add(rows);
    skipped.add(duplicates);
    deadLettered.add(letters);
    batches.increment();
    if (rows + duplicates + letters > 0) {
      batchSize.update(rows + duplicates + letters);
      observer.observe("batch_records", rows + duplicates + letters);
    }
  }

  /**
   * Records how long it took to store a batch.
   *
   * @param nanos nanoseconds from the start of the transaction to its commit
   */
  public void batchWritten(long nanos) {
    writeTime.update(Duration.ofNanos(nanos));
    observer.observe("batch_write_seconds", nanos / 1e9);
  }

  /**
   * Records the latency from a record's timestamp to its commit.
   *
   * @param millis milliseconds; a negative value, from a sender whose clock is ahead, counts as 0
   */
  public void visibleAfter(long millis) {
    latency.update(Duration.ofMillis(Math.max(0, millis)));
    recentLatencies.recordValue(Math.max(0, millis));
    observer.observe("end_to_end_latency_seconds", Math.max(0, millis) / 1e3);
  }

  /**
   * Sets who receives the values of the histograms, too.
   *
   * @param newObserver replaces the previous one
   */
  public void observedBy(Observer newObserver) {
    observer = newObserver;
  }

  /**
   * Returns the latencies that {@link #visibleAfter} recorded since the previous call, and starts a
   * new interval. So it must have only one caller.
   *
   * @return latencies in milliseconds
   */
  public org.HdrHistogram.Histogram recentLatencies() {
    return recentLatencies.getIntervalHistogram();
  }

  /** Counts a failed attempt to store a batch that will be retried. */
  public void batchRetried() {
    retries.add(1);
  }

  /**
   * Returns the current totals.
   *
   * @return an immutable copy
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
   * Totals since the application started.
   *
   * @param sent events acknowledged by the broker
   * @param notSent events that could not be sent
   * @param stored records stored in {@code raw_events}
   * @param skipped records skipped because they were already stored
   * @param deadLettered records stored in {@code dead_letters}
   * @param retries failed attempts to store a batch
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
     * Returns the number of records that are completely processed.
     *
     * @return records stored, skipped or dead-lettered
     */
    public long handled() {
      return stored + skipped + deadLettered;
    }
  }
}
