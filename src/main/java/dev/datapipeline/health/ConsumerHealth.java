package dev.datapipeline.health;

import dev.datapipeline.config.ConsumerConfig;
import dev.datapipeline.config.KafkaConfig;
import dev.datapipeline.consumer.ConsumerState;
import dev.datapipeline.consumer.EventConsumer;
import dev.datapipeline.failure.SteadyClock;
import dev.datapipeline.metrics.PipelineMetrics;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Inject;
import java.util.Optional;
import org.apache.kafka.common.TopicPartition;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;
import org.eclipse.microprofile.health.Liveness;
import org.eclipse.microprofile.health.Readiness;
import org.eclipse.microprofile.health.Startup;

/** Checks that the consumer reads records and stores them. */
@ApplicationScoped
class ConsumerHealth extends PartHealth {
  @Inject private PipelineMonitor monitor;
  @Inject private StartupState startup;
  @Inject private EventConsumer consumer;
  @Inject private PipelineMetrics metrics;
  @Inject private ConsumerConfig config;
  @Inject private KafkaConfig kafka;

  ConsumerHealth() {
    super("consumer");
  }

  @Produces
  @Startup
  HealthCheck started() {
    return () -> withoutData(isStarted());
  }

  @Produces
  @Readiness
  HealthCheck ready() {
    return () -> withoutData(isReady());
  }

  @Produces
  @Liveness
  HealthCheck live() {
    return () -> withoutData(isLive());
  }

  @Override
  boolean isStarted() {
    return startup.isConsumerReady();
  }

  @Override
  boolean isReady() {
    ConsumerState state = consumer.state();
    boolean works =
        state.isOpen()
            && consumer.isRunning()
            && consumer.isReading()
            && state.channelFailure().isEmpty()
            && !state.isPaused()
            && !state.isFailing()
            && stalled().isEmpty();
    return !config.enabled() || works;
  }

  @Override
  boolean isLive() {
    ConsumerState state = consumer.state();
    return !state.isOpen() || (consumer.isRunning() && state.channelFailure().isEmpty());
  }

  private Optional<TopicPartition> stalled() {
    return monitor.stalled(config.stallTimeout());
  }

  @Override
  void describe(HealthCheckResponseBuilder response) {
    PipelineMetrics.Counts counts = metrics.counts();
    response
        .withData("group", kafka.groupId())
        .withData("paused", consumer.state().isPaused())
        .withData("stored", counts.stored())
        .withData("deadLetters", counts.deadLettered())
        .withData("retries", counts.retries())
        .withData("assignedPartitions", consumer.assignedPartitions().size());
    if (monitor.lostOffsets() > 0) {
      response.withData("lostOffsets", monitor.lostOffsets());
    }
    if (monitor.wentBack() > 0) {
      response.withData("logsGoneBack", monitor.wentBack());
    }
    monitor.lagByPartition().ifPresent(lag -> response.withData("lag", PipelineMonitor.total(lag)));
    stalled().ifPresent(partition -> response.withData("stalledPartition", partition.toString()));
    monitor
        .longOpenTransaction()
        .ifPresent(
            open ->
                response.withData(
                    "openTransaction",
                    "%s at offset %d for %d s; offsets behind it: %d"
                        .formatted(
                            open.partition(),
                            open.offset(),
                            open.age(SteadyClock.now()).toSeconds(),
                            open.waiting())));
    addAge(response, "secondsSinceLastStoredBatch", consumer.state().lastStoredAt());
    addError(response, consumer.state().lastError());
  }
}
