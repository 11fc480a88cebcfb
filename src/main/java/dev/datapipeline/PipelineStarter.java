package dev.datapipeline;

import dev.datapipeline.api.live.LiveFeed;
import dev.datapipeline.broker.Broker;
import dev.datapipeline.broker.Compression;
import dev.datapipeline.config.Configuration;
import dev.datapipeline.config.ConsumerConfig;
import dev.datapipeline.config.InvalidSettingException;
import dev.datapipeline.config.KafkaConfig;
import dev.datapipeline.config.ProducerConfig;
import dev.datapipeline.consumer.EventConsumer;
import dev.datapipeline.failure.Backoff;
import dev.datapipeline.failure.FailureText;
import dev.datapipeline.failure.Retry;
import dev.datapipeline.health.PipelineGauges;
import dev.datapipeline.health.PipelineMonitor;
import dev.datapipeline.health.StartupState;
import dev.datapipeline.health.TelemetryMetrics;
import dev.datapipeline.http.Users;
import dev.datapipeline.producer.EventTimer;
import dev.datapipeline.producer.RunningSources;
import dev.datapipeline.storage.Migrations;
import jakarta.annotation.PostConstruct;
import jakarta.annotation.PreDestroy;
import jakarta.annotation.Resource;
import jakarta.ejb.ConcurrencyManagement;
import jakarta.ejb.ConcurrencyManagementType;
import jakarta.ejb.Singleton;
import jakarta.ejb.Startup;
import jakarta.ejb.TransactionAttribute;
import jakarta.ejb.TransactionAttributeType;
import jakarta.enterprise.concurrent.ManagedThreadFactory;
import jakarta.inject.Inject;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.logging.Logger;

/**
 * Starts the pipeline in the order in which its parts depend on each other: schema, topics,
 * consumer, producer. Waits for a database or a broker that isn't available yet.
 */
@Startup
@Singleton
@ConcurrencyManagement(ConcurrencyManagementType.BEAN)
@TransactionAttribute(TransactionAttributeType.NOT_SUPPORTED)
public class PipelineStarter {
  private static final Logger LOG = Logger.getLogger(PipelineStarter.class.getName());

  @Resource private ManagedThreadFactory threads;
  @Inject private Configuration configuration;
  @Inject private KafkaConfig kafkaConfig;
  @Inject private ConsumerConfig consumerConfig;
  @Inject private ProducerConfig producerConfig;
  @Inject private Migrations migrations;
  @Inject private Broker broker;
  @Inject private EventConsumer consumer;
  @Inject private RunningSources sources;
  @Inject private EventTimer timer;
  @Inject private PipelineMonitor monitor;
  @Inject private PipelineGauges gauges;
  @Inject private TelemetryMetrics telemetryMetrics;
  @Inject private StartupState state;
  @Inject private Users users;
  @Inject private LiveFeed liveFeed;

  private final Retry retry = new Retry(pauses(), pauses());
  private Thread thread;

  private static Backoff pauses() {
    return new Backoff(Duration.ofMillis(500), Duration.ofSeconds(5));
  }

  @PostConstruct
  void start() {
    LOG.info("datapipeline is starting: " + configuration.describe());
    LOG.info(Compression.useNativeCode());
    if (producerConfig.enabled()) {
      chooseSources();
    }
    gauges.start();
    telemetryMetrics.start();
    monitor.start();
    // the server's own directory
    users.announce(Path.of(""));
    liveFeed.start();
    thread = threads.newThread(this::startInOrder);
    thread.setName("datapipeline start");
    thread.start();
  }

  /** Only CDI knows which sources exist, so this setting is checked here. */
  private void chooseSources() {
    try {
      sources.choose();
    } catch (InvalidSettingException e) {
      LOG.severe(e.getMessage() + ". The application does not start.");
      throw e;
    }
  }

  private void startInOrder() {
    try {
      int migrated = untilItWorks("the database schema", migrations::run);
      state.schemaReady();
      LOG.info(
          migrated == 0
              ? "the database schema is up to date"
              : "the database schema was updated with " + migrated + " migrations");
      Map<String, UUID> topicIds = new LinkedHashMap<>();
      for (String topic : kafkaConfig.topics()) {
        boolean created = untilItWorks("the topic", () -> broker.createTopicIfMissing(topic));
        topicIds.put(topic, untilItWorks("the topic", () -> broker.topicId(topic).orElseThrow()));
        LOG.info("topic %s %s".formatted(topic, created ? "was created" : "exists"));
      }
      state.topicReady();
      untilItWorks(
          "the database",
          () -> {
            monitor.registerPartitions();
            return null;
          });
      if (consumerConfig.enabled()) {
        consumer.open(topicIds);
      }
      state.consumerReady();
      if (producerConfig.enabled()) {
        timer.start();
      }
      state.producerReady();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException | Error e) {
      state.failed(FailureText.reason(e));
      LOG.severe(FailureText.reason(e));
    }
  }

  private <T> T untilItWorks(String what, Callable<T> step) throws InterruptedException {
    return retry.untilDone(
        step,
        (failure, pause) -> {
          String reason = FailureText.reason(failure);
          state.failed(what + ": " + reason);
          LOG.warning(
              "%s is not ready; next try in %d ms: %s".formatted(what, pause.toMillis(), reason));
        });
  }

  @PreDestroy
  void stop() {
    if (thread != null) {
      thread.interrupt();
    }
    // enterprise beans are destroyed before the channels are closed
    consumer.stop();
  }
}
