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
 * What is true of the pipeline now, for {@code /metrics}. A gauge is computed when somebody reads
 * it, from what is known; none of them asks the broker or the database.
 */
@ApplicationScoped
public class PipelineGauges {
  private static final Metadata READY =
      metadata("ready", "1 if the part passes its check of /health/ready, 0 if not", "by part");
  private static final Metadata PAUSED =
      metadata("paused", "1 if the part is switched off, 0 if it is to work", "by part");
  private static final Metadata QUEUE =
      metadata(
          "queue_bytes", "Memory of the records that wait for their writer or are written", "");
  private static final Metadata LAG =
      metadata(
          "lag_records",
          "Records of a partition that the consumer group has not committed",
          "NaN while unknown");

  @Inject private MetricRegistry registry;
  @Inject private HealthChecks checks;
  @Inject private PipelineMonitor monitor;
  @Inject private EventConsumer consumer;
  @Inject private ConsumerConfig consumerConfig;
  @Inject private ProducerConfig producerConfig;
  @Inject private ProducerControl control;

  private final Set<TopicPartition> partitions = ConcurrentHashMap.newKeySet();

  private static Metadata metadata(String name, String help, String note) {
    return Metadata.builder()
        .withName("datapipeline_" + name)
        .withDescription(note.isEmpty() ? help : help + "; " + note)
        .build();
  }

  /** Registers the gauges. To be called once, when the parts are there. */
  public void start() {
    ready("database", checks::isDatabaseReady);
    ready("broker", checks::isBrokerReady);
    ready("consumer", checks::isConsumerReady);
    ready("producer", checks::isProducerReady);
    flag(PAUSED, "consumer", () -> !consumerConfig.enabled() || consumer.state().isPaused());
    flag(PAUSED, "producer", () -> !producerConfig.enabled() || control.isPaused());
    registry.gauge(QUEUE, consumer::queueBytes);
    monitor.onLag(this::register);
  }

  private void ready(String part, BooleanSupplier isReady) {
    flag(READY, part, isReady);
  }

  private void flag(Metadata metadata, String part, BooleanSupplier value) {
    registry.gauge(metadata, () -> value.getAsBoolean() ? 1 : 0, new Tag("part", part));
  }

  /** Partitions are known when the broker has told of them, and can become more. */
  private void register(Lag lag) {
    for (TopicPartition partition : lag.byPartition().keySet()) {
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
