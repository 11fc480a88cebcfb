package dev.datapipeline.health;

import dev.datapipeline.broker.Broker;
import dev.datapipeline.config.KafkaConfig;
import dev.datapipeline.metrics.PipelineMetrics;
import jakarta.annotation.PreDestroy;
import jakarta.annotation.Resource;
import jakarta.enterprise.concurrent.ManagedScheduledExecutorService;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.logging.Logger;
import javax.sql.DataSource;
import org.apache.kafka.common.TopicPartition;

/**
 * Watches the pipeline: probes database and broker, and writes a line to the log every ten seconds
 * while something happens.
 */
@ApplicationScoped
public class PipelineMonitor {
  private static final Logger LOG = Logger.getLogger(PipelineMonitor.class.getName());
  private static final Duration REPORT_INTERVAL = Duration.ofSeconds(10);
  private static final int VALIDATION_SECONDS = 2;

  @Resource(lookup = "jdbc/datapipeline")
  private DataSource dataSource;

  @Resource private ManagedScheduledExecutorService scheduler;
  @Inject private Broker broker;
  @Inject private KafkaConfig kafka;
  @Inject private PipelineMetrics metrics;

  private final Probe<Void> database = new Probe<>(this::askDatabase);
  private final Probe<Lag> lag = new Probe<>(this::askLag);
  private final List<Future<?>> tasks = new ArrayList<>();
  private PipelineMetrics.Counts reported;
  private volatile Consumer<Lag> lagListener = any -> {};

  /** Begins to watch. To be called once. */
  public void start() {
    reported = metrics.counts();
    schedule(database, Probe.INTERVAL);
    schedule(lag, Probe.INTERVAL);
    schedule(this::report, REPORT_INTERVAL);
  }

  private void schedule(Runnable task, Duration interval) {
    tasks.add(
        scheduler.scheduleWithFixedDelay(task, 0, interval.toMillis(), TimeUnit.MILLISECONDS));
  }

  private Void askDatabase() throws Exception {
    try (Connection connection = dataSource.getConnection()) {
      if (!connection.isValid(VALIDATION_SECONDS)) {
        throw new SQLTransientConnectionException("the connection is not valid any more");
      }
    }
    return null;
  }

  private Lag askLag() {
    Lag answer = Lag.of(broker, kafka.topics());
    lagListener.accept(answer);
    return answer;
  }

  /** Sets who is told of each answer of the broker. To be called before {@link #start}. */
  void onLag(Consumer<Lag> listener) {
    lagListener = listener;
  }

  private void report() {
    PipelineMetrics.Counts now = metrics.counts();
    if (!now.equals(reported)) {
      long seconds = REPORT_INTERVAL.toSeconds();
      long stored = now.stored() - reported.stored();
      LOG.info(
          ("stored %,d (%,d/s), lag %s, dead letters %,d, skipped as already stored %,d, retries %,d;"
                  + " sent %,d (%,d/s), not sent %,d")
              .formatted(
                  now.stored(),
                  stored / seconds,
                  lag.isUp() ? "%,d".formatted(lag.value().total()) : "unknown",
                  now.deadLettered(),
                  now.skipped(),
                  now.retries(),
                  now.sent(),
                  (now.sent() - reported.sent()) / seconds,
                  now.notSent()));
      reported = now;
    }
  }

  Probe<Void> database() {
    return database;
  }

  Probe<Lag> lag() {
    return lag;
  }

  /**
   * Returns how many records of each partition are not committed yet.
   *
   * @return empty while the broker does not answer
   */
  public Optional<Map<TopicPartition, Long>> lagByPartition() {
    return lag.isUp() ? Optional.of(lag.value().byPartition()) : Optional.empty();
  }

  /**
   * How much was written to the topics.
   *
   * @param records offsets that the topics have given away, over all partitions
   * @param atNanos when the broker was asked, by {@link System#nanoTime()}
   */
  public record Written(long records, long atNanos) {}

  /**
   * Returns how much was written to the topics, by whomever.
   *
   * @return empty while the broker does not answer
   */
  public Optional<Written> written() {
    return lag.isUp()
        ? Optional.of(new Written(lag.value().written(), lag.value().atNanos()))
        : Optional.empty();
  }

  @PreDestroy
  void stop() {
    tasks.forEach(task -> task.cancel(true));
  }
}
