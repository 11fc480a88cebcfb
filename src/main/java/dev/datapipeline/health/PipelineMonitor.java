package dev.datapipeline.health;

import dev.datapipeline.broker.Broker;
import dev.datapipeline.config.KafkaConfig;
import dev.datapipeline.consumer.EventConsumer;
import dev.datapipeline.failure.LogThrottle;
import dev.datapipeline.failure.RepeatedTask;
import dev.datapipeline.failure.SteadyClock;
import dev.datapipeline.health.OpenTransactions.OpenTransaction;
import dev.datapipeline.metrics.PipelineMetrics;
import dev.datapipeline.storage.LogOffsets;
import jakarta.annotation.PreDestroy;
import jakarta.annotation.Resource;
import jakarta.enterprise.concurrent.ManagedScheduledExecutorService;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.logging.Level;
import java.util.logging.Logger;
import javax.sql.DataSource;
import org.apache.kafka.common.TopicPartition;

/**
 * Watches the pipeline: probes the database and the broker every two seconds, and logs a line every
 * ten seconds if a number has changed. Thread-safe.
 */
@ApplicationScoped
public class PipelineMonitor {
  private static final Logger LOG = Logger.getLogger(PipelineMonitor.class.getName());
  private static final Duration REPORT_INTERVAL = Duration.ofSeconds(10);
  private static final Duration WRITE_INTERVAL = Duration.ofSeconds(5);

  /** Transactions take seconds. One that is open for longer than this was probably forgotten. */
  private static final Duration LONG_OPEN = Duration.ofMinutes(1);

  @Resource(lookup = "jdbc/datapipeline")
  private DataSource dataSource;

  @Resource private ManagedScheduledExecutorService scheduler;
  @Inject private Broker broker;
  @Inject private KafkaConfig kafka;
  @Inject private EventConsumer consumer;
  @Inject private PipelineMetrics metrics;
  @Inject private LogOffsets logOffsets;

  private final Probe<StoredPositions> database = new Probe<>(this::askDatabase);
  private final Probe<TopicOffsets> topics = new Probe<>(this::askBroker);
  private final ClockWatch clock = new ClockWatch();
  private final List<Future<?>> tasks = new ArrayList<>();
  private PipelineMetrics.Counts reported;
  private final LogThrottle openTransactionLog = new LogThrottle(Duration.ofMinutes(10));
  private volatile Progress progress = Progress.UNKNOWN;
  private volatile OpenTransactions openTransactions = OpenTransactions.NONE;
  private volatile Consumer<Map<TopicPartition, Long>> lagListener = any -> {};

  /** Starts watching. Must be called once. */
  public void start() {
    reported = metrics.counts();
    schedule("the probe of the database", database, Probe.INTERVAL);
    schedule("the probe of the broker", topics, Probe.INTERVAL);
    schedule("the record of the broker's offsets", this::writeOffsets, WRITE_INTERVAL);
    schedule("the report", this::report, REPORT_INTERVAL);
  }

  private void schedule(String name, Runnable task, Duration interval) {
    tasks.add(
        scheduler.scheduleWithFixedDelay(
            new RepeatedTask(name, task), 0, interval.toMillis(), TimeUnit.MILLISECONDS));
  }

  private StoredPositions askDatabase() throws SQLException {
    StoredPositions stored = StoredPositions.of(dataSource, kafka.topics());
    update(topics.value(), stored);
    return stored;
  }

  private TopicOffsets askBroker() {
    TopicOffsets offsets = TopicOffsets.of(broker, kafka.topics());
    update(offsets, database.value());
    openTransactions = openTransactions.next(offsets, SteadyClock.now());
    longOpen()
        .map(
            open ->
                "%s can't be read beyond offset %d: a producer's transaction has been open there for more than %d s"
                    .formatted(open.partition(), open.offset(), LONG_OPEN.toSeconds()))
        .filter(openTransactionLog::permits)
        .ifPresent(LOG::warning);
    return offsets;
  }

  /**
   * Updates the lag. While the database is unavailable, nothing is stored, so its last positions
   * are still right.
   */
  private synchronized void update(TopicOffsets offsets, StoredPositions stored) {
    if (offsets != null && stored != null) {
      progress = progress.next(offsets, stored, consumer.assignedPartitions(), SteadyClock.now());
      lagListener.accept(progress.lag());
    }
  }

  /** Writes down what the broker last answered, so that the database alone shows what is unread. */
  private void writeOffsets() {
    if (topics.isUp() && database.isUp() && consumer.state().isOpen()) {
      try {
        logOffsets.write(topics.value().seen());
      } catch (SQLException | RuntimeException e) {
        // caught because an exception would end the schedule; the next time is soon
        LOG.log(Level.FINE, "the broker's offsets were not written down", e);
      }
    }
  }

  /**
   * Writes down what the broker holds now. Call it before the consumer is opened: offsets that were
   * deleted earlier are not taken for lost then.
   *
   * @throws SQLException if the database doesn't take it now
   */
  public void registerPartitions() throws SQLException {
    logOffsets.write(TopicOffsets.of(broker, kafka.topics()).seen());
  }

  /**
   * Returns how many offsets were deleted before they were stored.
   *
   * @return 0 if the database has never answered
   */
  public long lostOffsets() {
    StoredPositions last = database.value();
    return last == null ? 0 : last.lostOffsets();
  }

  /** Returns how many times the log of a partition has gone back. */
  long wentBack() {
    StoredPositions last = database.value();
    return last == null ? 0 : last.wentBack();
  }

  /** Returns the age of the newest backup; empty if none is known. */
  Optional<Duration> backupAge() {
    return Optional.ofNullable(database.value())
        .map(StoredPositions::lastBackup)
        .map(finished -> Duration.between(finished, SteadyClock.now()));
  }

  /** Sets the receiver of the lag after each answer. Must be called before {@link #start}. */
  void onLag(Consumer<Map<TopicPartition, Long>> listener) {
    lagListener = listener;
  }

  private void report() {
    clock
        .setBack()
        .ifPresent(
            back ->
                LOG.warning(
                    ("the machine's clock was set back by %d s. Until it has caught up, Kafka's client sends no"
                            + " heartbeats and finds no new leaders: restart the application")
                        .formatted(back.toSeconds())));
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
                  lagByPartition().map(lag -> "%,d".formatted(total(lag))).orElse("unknown"),
                  now.deadLettered(),
                  now.skipped(),
                  now.retries(),
                  now.sent(),
                  (now.sent() - reported.sent()) / seconds,
                  now.notSent()));
      reported = now;
    }
  }

  static long total(Map<TopicPartition, Long> lag) {
    return lag.values().stream().mapToLong(Long::longValue).sum();
  }

  Probe<StoredPositions> database() {
    return database;
  }

  Probe<TopicOffsets> topics() {
    return topics;
  }

  /**
   * Returns a partition of this instance that has records to store but whose position doesn't move.
   *
   * @param timeout how long the position must have been unchanged
   * @return empty if every partition moves or has nothing to store
   */
  Optional<TopicPartition> stalled(Duration timeout) {
    return progress.stalled(timeout, SteadyClock.now());
  }

  /**
   * Returns for how long the oldest open transaction has held back the reading of a partition.
   *
   * @return 0 if no transaction is open; empty while the broker doesn't answer
   */
  Optional<Duration> openTransactionAge() {
    return topics.isUp()
        ? openTransactions
            .oldest()
            .map(open -> open.age(SteadyClock.now()))
            .or(() -> Optional.of(Duration.ZERO))
        : Optional.empty();
  }

  /** Returns the oldest open transaction if it has been open for suspiciously long. */
  Optional<OpenTransaction> longOpenTransaction() {
    return longOpen();
  }

  private Optional<OpenTransaction> longOpen() {
    return openTransactions
        .oldest()
        .filter(open -> open.age(SteadyClock.now()).compareTo(LONG_OPEN) > 0);
  }

  /**
   * Returns the number of records of each partition that can be read but are not stored yet.
   *
   * @return empty while the broker doesn't answer, or if the database has never answered
   */
  public Optional<Map<TopicPartition, Long>> lagByPartition() {
    Progress last = progress;
    return topics.isUp() && last != Progress.UNKNOWN ? Optional.of(last.lag()) : Optional.empty();
  }

  /**
   * Returns for how long the oldest record of each partition that can be read but is not stored has
   * been there, as far as this instance has seen it.
   *
   * @return empty while the broker doesn't answer, or if the database has never answered
   */
  Optional<Map<TopicPartition, Duration>> oldestUnstored() {
    Progress last = progress;
    return lagByPartition().map(any -> last.oldestUnstored(SteadyClock.now()));
  }

  /**
   * The number of records that were written to the topics.
   *
   * @param records the sum of the end offsets of all partitions
   * @param atNanos when the broker was asked, by {@link System#nanoTime()}
   */
  public record Written(long records, long atNanos) {}

  /**
   * Returns the number of records that were written to the topics by any producer.
   *
   * @return empty while the broker doesn't answer
   */
  public Optional<Written> written() {
    return topics.isUp()
        ? Optional.of(new Written(topics.value().written(), topics.value().atNanos()))
        : Optional.empty();
  }

  @PreDestroy
  void stop() {
    tasks.forEach(task -> task.cancel(true));
  }
}
