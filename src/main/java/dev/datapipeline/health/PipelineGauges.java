package dev.datapipeline.health;

import dev.datapipeline.config.ConsumerConfig;
import dev.datapipeline.config.ProducerConfig;
import dev.datapipeline.consumer.EventConsumer;
import dev.datapipeline.producer.ProducerControl;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
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
    registry.gauge(QUEUE, consumer::queueBytes);
    registry.gauge(LOST, monitor::lostOffsets);
    registry.gauge(WENT_BACK, monitor::wentBack);
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
    for (TopicPartition partition : lag.keySet()) {
      if (partitions.add(partition)) {
        registry.gauge(
            LAG,
            () -> lagOf(partition),
            new Tag("topic", partition.topic()),
            new Tag("partition", Integer.toString(partition.partition())));
      }
    }
  }

  private double lagOf(TopicPartition partition) {
    Long lag = monitor.lagByPartition().orElse(Map.of()).get(partition);
    return lag == null ? Double.NaN : lag;
  }
}
