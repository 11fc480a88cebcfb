package dev.datapipeline.metrics;

import dev.datapipeline.failure.RepeatedTask;
import jakarta.annotation.PreDestroy;
import jakarta.annotation.Resource;
import jakarta.enterprise.concurrent.ManagedScheduledExecutorService;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.context.Initialized;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/** Measures how many events per second are sent and stored. Thread-safe. */
@ApplicationScoped
public class Throughput {
  /** One sample per second, so the first and the last are ten seconds apart. */
  private static final int SAMPLES = 11;

  @Resource private ManagedScheduledExecutorService scheduler;

  private final PipelineMetrics metrics;
  private final LongSupplier nanoTime;
  private final Deque<Sample> samples = new ArrayDeque<>();
  private Future<?> task;

  private record Sample(long nanos, long sent, long stored) {}

  /**
   * Events per second.
   *
   * @param sent events acknowledged by the broker
   * @param stored records stored in {@code raw_events}
   */
  public record Rate(double sent, double stored) {}

  /** Required by CDI for client proxies; do not call. */
  protected Throughput() {
    this(null, null);
  }

  /**
   * Creates a throughput without samples.
   *
   * @param metrics the totals to sample
   */
  @Inject
  public Throughput(PipelineMetrics metrics) {
    this(metrics, System::nanoTime);
  }

  Throughput(PipelineMetrics metrics, LongSupplier nanoTime) {
    this.metrics = metrics;
    this.nanoTime = nanoTime;
  }

  void start(@Observes @Initialized(ApplicationScoped.class) Object start) {
    task =
        scheduler.scheduleAtFixedRate(
            new RepeatedTask("the sample of the throughput", this::sample), 0, 1, TimeUnit.SECONDS);
  }

  synchronized void sample() {
    PipelineMetrics.Counts counts = metrics.counts();
    samples.addLast(new Sample(nanoTime.getAsLong(), counts.sent(), counts.stored()));
    if (samples.size() > SAMPLES) {
      samples.removeFirst();
    }
  }

  /**
   * Returns the average rate over the last ten seconds, or since the start if that is more recent.
   *
   * @return both rates 0 or more; 0 before the second sample
   */
  public synchronized Rate rate() {
    if (samples.size() < 2) {
      return new Rate(0, 0);
    }
    Sample first = samples.getFirst();
    Sample last = samples.getLast();
    double seconds = (last.nanos() - first.nanos()) / 1e9;
    return new Rate(
        (last.sent() - first.sent()) / seconds, (last.stored() - first.stored()) / seconds);
  }

  @PreDestroy
  void stop() {
    if (task != null) {
      task.cancel(true);
    }
  }
}
