package dev.datapipeline.health;

import dev.datapipeline.config.ConsumerConfig;
import dev.datapipeline.config.DatabaseConfig;
import dev.datapipeline.config.KafkaConfig;
import dev.datapipeline.config.ProducerConfig;
import dev.datapipeline.config.SourceConfig;
import dev.datapipeline.consumer.ConsumerState;
import dev.datapipeline.consumer.EventConsumer;
import dev.datapipeline.metrics.PipelineMetrics;
import dev.datapipeline.producer.EventPublisher;
import dev.datapipeline.producer.EventTimer;
import dev.datapipeline.producer.ProducerControl;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Inject;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import javax.management.JMException;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;
import org.eclipse.microprofile.health.Liveness;
import org.eclipse.microprofile.health.Readiness;
import org.eclipse.microprofile.health.Startup;

/**
 * A check for each part of the pipeline at each of the three endpoints. None of them asks anything
 * that could hang: they report what {@link PipelineMonitor} and the stages know.
 *
 * <p>Started: the part was brought up once. Ready: it works now. Live: it will work again without a
 * restart; an outage of database or broker is waited out, so it does not count against liveness.
 */
@ApplicationScoped
public class HealthChecks {
  private static final String CONSUMER_METRICS =
      "kafka.consumer:type=consumer-coordinator-metrics,client-id=*";

  @Inject private PipelineMonitor monitor;
  @Inject private StartupState startup;
  @Inject private EventConsumer consumer;
  @Inject private EventTimer timer;
  @Inject private EventPublisher publisher;
  @Inject private ProducerControl control;
  @Inject private PipelineMetrics metrics;
  @Inject private ConsumerConfig consumerConfig;
  @Inject private ProducerConfig producerConfig;
  @Inject private DatabaseConfig databaseConfig;
  @Inject private KafkaConfig kafkaConfig;

  private volatile long caughtUpStored;
  private volatile Instant movedAt = Instant.now();

  // started

  @Produces
  @Startup
  HealthCheck databaseStarted() {
    return () -> withStartFailure(database()).status(startup.isSchemaReady()).build();
  }

  @Produces
  @Startup
  HealthCheck brokerStarted() {
    return () -> withStartFailure(broker()).status(startup.isTopicReady()).build();
  }

  @Produces
  @Startup
  HealthCheck consumerStarted() {
    return () -> withStartFailure(consumer()).status(startup.isConsumerReady()).build();
  }

  @Produces
  @Startup
  HealthCheck producerStarted() {
    return () -> withStartFailure(producer()).status(startup.isProducerReady()).build();
  }

  private HealthCheckResponseBuilder withStartFailure(HealthCheckResponseBuilder response) {
    startup.failure().ifPresent(failure -> response.withData("waitingFor", failure));
    return response;
  }

  // ready

  @Produces
  @Readiness
  HealthCheck databaseReady() {
    return () -> database().status(isDatabaseReady()).build();
  }

  boolean isDatabaseReady() {
    return startup.isSchemaReady() && monitor.database().isUp();
  }

  @Produces
  @Readiness
  HealthCheck brokerReady() {
    return () -> broker().status(isBrokerReady()).build();
  }

  boolean isBrokerReady() {
    return startup.isTopicReady() && monitor.lag().isUp();
  }

  @Produces
  @Readiness
  HealthCheck consumerReady() {
    return () -> consumer().status(isConsumerReady()).build();
  }

  boolean isConsumerReady() {
    ConsumerState state = consumer.state();
    boolean moves =
        state.isOpen()
            && consumer.isRunning()
            && state.channelFailure().isEmpty()
            && !state.isPaused()
            && !state.isFailing()
            && !isStalled();
    return !consumerConfig.enabled() || moves;
  }

  /** Records wait, and none was stored for too long. */
  private boolean isStalled() {
    Lag lag = monitor.lag().value();
    PipelineMetrics.Counts counts = metrics.counts();
    long handled = counts.handled();
    if (lag == null || lag.total() == 0 || handled != caughtUpStored) {
      caughtUpStored = handled;
      movedAt = Instant.now();
    }
    return movedAt.plus(consumerConfig.stallTimeout()).isBefore(Instant.now());
  }

  @Produces
  @Readiness
  HealthCheck producerReady() {
    return () -> producer().status(isProducerReady()).build();
  }

  boolean isProducerReady() {
    return !producerConfig.enabled()
        || (timer.isTicking()
            && control.failure().isEmpty()
            && !publisher.isFailing()
            && !publisher.isChannelDead());
  }

  /**
   * Returns what {@code /health/ready} says, part by part.
   *
   * @return database, broker, consumer, producer
   */
  public List<HealthCheckResponse> readiness() {
    return Stream.of(databaseReady(), brokerReady(), consumerReady(), producerReady())
        .map(HealthCheck::call)
        .toList();
  }

  // live

  @Produces
  @Liveness
  HealthCheck databaseLive() {
    return () -> database().up().build();
  }

  @Produces
  @Liveness
  HealthCheck brokerLive() {
    return () -> broker().up().build();
  }

  @Produces
  @Liveness
  HealthCheck consumerLive() {
    return () -> {
      ConsumerState state = consumer.state();
      boolean live = !state.isOpen() || (consumer.isRunning() && state.channelFailure().isEmpty());
      return consumer().status(live).build();
    };
  }

  @Produces
  @Liveness
  HealthCheck producerLive() {
    return () -> {
      boolean started = producerConfig.enabled() && startup.isProducerReady();
      return producer()
          .status(!started || (timer.isTicking() && !publisher.isChannelDead()))
          .build();
    };
  }

  // what is known of each part

  private HealthCheckResponseBuilder database() {
    HealthCheckResponseBuilder response =
        HealthCheckResponse.named("database").withData("address", databaseConfig.address());
    return withError(response, Optional.ofNullable(monitor.database().lastFailure()));
  }

  private HealthCheckResponseBuilder broker() {
    HealthCheckResponseBuilder response =
        HealthCheckResponse.named("broker")
            .withData("bootstrapServers", kafkaConfig.bootstrapServers())
            .withData("topic", String.join(", ", kafkaConfig.topics()));
    Lag lag = monitor.lag().value();
    if (lag != null) {
      response.withData("partitions", lag.byPartition().size());
    }
    return withError(response, Optional.ofNullable(monitor.lag().lastFailure()));
  }

  private HealthCheckResponseBuilder consumer() {
    PipelineMetrics.Counts counts = metrics.counts();
    HealthCheckResponseBuilder response =
        HealthCheckResponse.named("consumer")
            .withData("group", kafkaConfig.groupId())
            .withData("paused", consumer.state().isPaused())
            .withData("stored", counts.stored())
            .withData("deadLetters", counts.deadLettered())
            .withData("retries", counts.retries());
    Lag lag = monitor.lag().value();
    if (lag != null) {
      response.withData("lag", lag.total());
    }
    assignedPartitions().ifPresent(count -> response.withData("assignedPartitions", count));
    withAge(response, "secondsSinceLastStoredBatch", consumer.state().lastStoredAt());
    return withError(response, consumer.state().lastError());
  }

  private HealthCheckResponseBuilder producer() {
    PipelineMetrics.Counts counts = metrics.counts();
    HealthCheckResponseBuilder response =
        HealthCheckResponse.named("producer")
            .withData("enabled", producerConfig.enabled())
            .withData(
                "source",
                String.join(
                    ", ", producerConfig.sources().stream().map(SourceConfig::name).toList()))
            .withData("paused", String.join(", ", control.paused()))
            .withData("sent", counts.sent())
            .withData("notSent", counts.notSent())
            .withData("inFlight", publisher.inFlight());
    withAge(response, "secondsSinceLastAcknowledgement", publisher.acknowledgedAt());
    return withError(response, control.failure().or(publisher::lastError));
  }

  private static void withAge(
      HealthCheckResponseBuilder response, String name, Optional<Instant> moment) {
    moment.ifPresent(
        at -> response.withData(name, Duration.between(at, Instant.now()).toSeconds()));
  }

  private static HealthCheckResponseBuilder withError(
      HealthCheckResponseBuilder response, Optional<String> error) {
    error.ifPresent(line -> response.withData("lastError", line));
    return response;
  }

  /** The connector does not tell, but Kafka's client does in the same JVM. */
  private static OptionalLong assignedPartitions() {
    MBeanServer server = ManagementFactory.getPlatformMBeanServer();
    long assigned = 0;
    boolean found = false;
    try {
      for (ObjectName name : server.queryNames(new ObjectName(CONSUMER_METRICS), null)) {
        if (server.getAttribute(name, "assigned-partitions") instanceof Number count) {
          assigned += count.longValue();
          found = true;
        }
      }
    } catch (JMException e) {
      return OptionalLong.empty();
    }
    return found ? OptionalLong.of(assigned) : OptionalLong.empty();
  }
}
