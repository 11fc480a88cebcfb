package dev.datapipeline.health;

import dev.datapipeline.config.KafkaConfig;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Inject;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;
import org.eclipse.microprofile.health.Liveness;
import org.eclipse.microprofile.health.Readiness;
import org.eclipse.microprofile.health.Startup;

/** Checks that the broker answers and has the topics. */
@ApplicationScoped
class BrokerHealth extends PartHealth {
  @Inject private PipelineMonitor monitor;
  @Inject private StartupState startup;
  @Inject private KafkaConfig config;

  BrokerHealth() {
    super("broker");
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
    return startup.isTopicReady();
  }

  @Override
  boolean isReady() {
    return startup.isTopicReady() && monitor.topics().isUp();
  }

  @Override
  boolean isLive() {
    return true;
  }

  @Override
  void describe(HealthCheckResponseBuilder response) {
    response
        .withData("bootstrapServers", config.bootstrapServers())
        .withData("topic", String.join(", ", config.topics()));
    TopicOffsets topics = monitor.topics().value();
    if (topics != null) {
      response.withData("partitions", topics.ends().size());
    }
    addError(response, monitor.topics().failure());
  }
}
