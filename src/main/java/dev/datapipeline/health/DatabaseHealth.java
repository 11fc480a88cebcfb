package dev.datapipeline.health;

import dev.datapipeline.config.DatabaseConfig;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Inject;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
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

  @Produces
  @Startup
  HealthCheck started() {
    return startupCheck(startup);
  }

  @Produces
  @Readiness
  HealthCheck ready() {
    return this::readiness;
  }

  @Produces
  @Liveness
  HealthCheck live() {
    return this::liveness;
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
  HealthCheckResponseBuilder describe() {
    HealthCheckResponseBuilder response =
        HealthCheckResponse.named("database").withData("address", config.address());
    addError(response, monitor.database().failure());
    return response;
  }
}
