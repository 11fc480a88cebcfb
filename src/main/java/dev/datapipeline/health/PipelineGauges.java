package dev.datapipeline.health;

import dev.datapipeline.config.ConsumerConfig;
import dev.datapipeline.config.DiskConfig;
import dev.datapipeline.config.ProducerConfig;
import dev.datapipeline.consumer.EventConsumer;
import dev.datapipeline.producer.ProducerControl;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import org.apache.kafka.common.TopicPartition;
import org.eclipse.microprofile.metrics.Metadata;
import org.eclipse.microprofile.metrics.MetricRegistry;
import org.eclipse.microprofile.metrics.Tag;

/**
 * The pipeline's gauges at {@code /metrics}. A gauge is computed when it is read, from the last
 * answers that {@link PipelineMonitor} got. Reading it queries neither the broker nor the database.
 */
@ApplicationScoped
public class PipelineGauges {
  private static final Metadata READY =
      metadata("ready", "1 if the part passes its check of /health/ready, 0 if not; by part");
  private static final Metadata PAUSED =
      metadata("paused", "1 if the part is paused or disabled, 0 if not; by part");
  private static final Metadata QUEUE =
      metadata("queue_bytes", "Memory of the queued records, including those being written");
  private static final Metadata LOST =
      metadata("lost_offsets", "Offsets that were deleted from the topic before they were stored");
  private static final Metadata WENT_BACK =
      metadata("logs_gone_back", "How many times the log of a partition has lost its end");
  private static final Metadata LAG =
      metadata("lag_records", "Records of a partition that are not stored yet; NaN while unknown");

  private static final Metadata OLDEST =
      metadata(
          "oldest_unstored_seconds",
          "For how long the oldest record of a partition that is not stored has been there; NaN while unknown");

  private static final Metadata BUILD =
      metadata("build_info", "1; the labels name the version, and the build by its digest");
  private static final Metadata DISK_FREE =
      metadata("disk_free_bytes", "Free space of the file system of a path in DISK_PATHS");
  private static final Metadata DISK_SIZE =
      metadata("disk_size_bytes", "Size of the file system of a path in DISK_PATHS");
  private static final Metadata CERTIFICATE =
      metadata(
          "certificate_expiry_timestamp_seconds",
          "When a certificate expires, in seconds since 1970; NaN while unknown");

  private static final Metadata OPEN_TRANSACTION =
      metadata(
          "open_transaction_seconds",
          "Time for which an open transaction of a producer has held back a partition; NaN while unknown");
  private static final Metadata BACKUP_AGE =
      metadata("backup_age_seconds", "Age of the newest backup; NaN if none is known");

  @Inject private MetricRegistry registry;
  @Inject private DatabaseHealth database;
  @Inject private BrokerHealth broker;
  @Inject private ConsumerHealth consumerHealth;
  @Inject private ProducerHealth producer;
  @Inject private PipelineMonitor monitor;
  @Inject private EventConsumer consumer;
  @Inject private ConsumerConfig consumerConfig;
  @Inject private ProducerConfig producerConfig;
  @Inject private ProducerControl control;
  @Inject private DiskConfig disks;
  @Inject private CertificateExpiry certificates;

  private final Set<TopicPartition> partitions = ConcurrentHashMap.newKeySet();

  private static Metadata metadata(String name, String help) {
    return Metadata.builder().withName("datapipeline_" + name).withDescription(help).build();
  }

  /** Registers the gauges. Must be called once, before {@link PipelineMonitor#start}. */
  public void start() {
    flag(READY, "database", database::isReady);
    flag(READY, "broker", broker::isReady);
    flag(READY, "consumer", consumerHealth::isReady);
    flag(READY, "producer", producer::isReady);
    flag(PAUSED, "consumer", () -> !consumerConfig.enabled() || consumer.state().isPaused());
    flag(PAUSED, "producer", () -> !producerConfig.enabled() || control.isPaused());
    BuildInfo build = BuildInfo.ofThisApplication();
    registry.gauge(
        BUILD, () -> 1, new Tag("version", build.version()), new Tag("build", build.digest()));
    for (Path path : disks.paths()) {
      Tag tag = new Tag("path", path.toString());
      registry.gauge(DISK_FREE, () -> space(path, FileStore::getUsableSpace), tag);
      registry.gauge(DISK_SIZE, () -> space(path, FileStore::getTotalSpace), tag);
    }
    certificates
        .start()
        .forEach(
            (name, expiry) ->
                registry.gauge(
                    CERTIFICATE,
                    () -> expiry.get().map(at -> (double) at.getEpochSecond()).orElse(Double.NaN),
                    new Tag("certificate", name)));
    registry.gauge(QUEUE, consumer::queueBytes);
    registry.gauge(
        OPEN_TRANSACTION,
        () -> monitor.openTransactionAge().map(age -> age.toMillis() / 1000.0).orElse(Double.NaN));
    registry.gauge(
        BACKUP_AGE,
        () -> monitor.backupAge().map(age -> age.toMillis() / 1000.0).orElse(Double.NaN));
    monitor.onLag(this::register);
  }

  private void flag(Metadata metadata, String part, BooleanSupplier value) {
    registry.gauge(metadata, () -> value.getAsBoolean() ? 1 : 0, new Tag("part", part));
  }

  /**
   * Adds gauges for new partitions. The first answer of the broker and later ones may have some.
   */
  private void register(Map<TopicPartition, Long> lag) {
    if (partitions.isEmpty()) {
      // not before the database has told them: from 0 to what it tells would look like a new loss
      registry.gauge(LOST, monitor::lostOffsets);
      registry.gauge(WENT_BACK, monitor::wentBack);
    }
    for (TopicPartition partition : lag.keySet()) {
      if (partitions.add(partition)) {
        registry.gauge(LAG, () -> lagOf(partition), tags(partition));
        registry.gauge(OLDEST, () -> oldestOf(partition), tags(partition));
      }
    }
  }

  private static Tag[] tags(TopicPartition partition) {
    return new Tag[] {
      new Tag("topic", partition.topic()),
      new Tag("partition", Integer.toString(partition.partition()))
    };
  }

  private double oldestOf(TopicPartition partition) {
    Duration age = monitor.oldestUnstored().orElse(Map.of()).get(partition);
    return age == null ? Double.NaN : age.toMillis() / 1000.0;
  }

  private interface Space {
    long of(FileStore store) throws IOException;
  }

  private static double space(Path path, Space space) {
    try {
      return space.of(Files.getFileStore(path));
    } catch (IOException e) {
      // the path may not exist now
      return Double.NaN;
    }
  }

  private double lagOf(TopicPartition partition) {
    Long lag = monitor.lagByPartition().orElse(Map.of()).get(partition);
    return lag == null ? Double.NaN : lag;
  }
}
