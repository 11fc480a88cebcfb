package dev.datapipeline.health;

import dev.datapipeline.config.ProducerConfig;
import dev.datapipeline.config.SourceConfig;
import dev.datapipeline.metrics.PipelineMetrics;
import dev.datapipeline.producer.EventPublisher;
import dev.datapipeline.producer.EventTimer;
import dev.datapipeline.producer.ProducerControl;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Inject;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;
import org.eclipse.microprofile.health.Liveness;
import org.eclipse.microprofile.health.Readiness;
import org.eclipse.microprofile.health.Startup;

/** Checks that the timers tick and that events can be sent. */
@ApplicationScoped
class ProducerHealth extends PartHealth {
  @Inject private StartupState startup;
  @Inject private EventTimer timer;
  @Inject private EventPublisher publisher;
  @Inject private ProducerControl control;
  @Inject private PipelineMetrics metrics;
  @Inject private ProducerConfig config;

  ProducerHealth() {
    super("producer");
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
    return startup.isProducerReady();
  }

  @Override
  boolean isReady() {
    return !config.enabled()
        || (timer.isTicking()
            && control.failure().isEmpty()
            && !publisher.isFailing()
            && !publisher.isChannelDead());
  }

  @Override
  boolean isLive() {
    boolean started = config.enabled() && startup.isProducerReady();
    return !started || (timer.isAlive() && !publisher.isChannelDead());
  }

  @Override
  void describe(HealthCheckResponseBuilder response) {
    PipelineMetrics.Counts counts = metrics.counts();
    response
        .withData("enabled", config.enabled())
        .withData(
            "source", String.join(", ", config.sources().stream().map(SourceConfig::name).toList()))
        .withData("paused", String.join(", ", control.paused()))
        .withData("sent", counts.sent())
        .withData("notSent", counts.notSent())
        .withData("inFlight", publisher.inFlight());
    addAge(response, "secondsSinceLastAcknowledgement", publisher.acknowledgedAt());
    control.problem().ifPresent(line -> response.withData("problem", line));
    addError(response, control.failure().or(publisher::lastError));
  }
}
