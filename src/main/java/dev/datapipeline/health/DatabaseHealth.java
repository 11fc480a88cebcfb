package dev.datapipeline.health;

import dev.datapipeline.config.DatabaseConfig;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Inject;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;
import org.eclipse.microprofile.health.Liveness;
import org.eclipse.microprofile.health.Readiness;
import org.eclipse.microprofile.health.Startup;

/** Checks that the database answers and has the pipeline's tables. */
@ApplicationScoped
class DatabaseHealth extends PartHealth {
  @Inject private PipelineMonitor monitor;
  @Inject private StartupState startup;
  @Inject private DatabaseConfig config;

  DatabaseHealth() {
    super("database");
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
    return startup.isSchemaReady();
  }

  @Override
  boolean isReady() {
    return startup.isSchemaReady() && monitor.database().isUp();
  }

  @Override
  boolean isLive() {
    return true;
  }

  @Override
  void describe(HealthCheckResponseBuilder response) {
    response.withData("address", config.address());
    addError(response, monitor.database().failure());
  }
}
