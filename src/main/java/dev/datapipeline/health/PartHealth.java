package dev.datapipeline.health;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;

/**
 * The health of one part of the pipeline at the three endpoints. Reading it changes nothing and
 * asks nothing that could hang.
 */
abstract class PartHealth {

  /** Returns whether the part was brought up once. */
  abstract boolean isStarted();

  /** Returns whether the part works now. */
  abstract boolean isReady();

  /**
   * Returns whether the part will work again without a restart. An outage of the database or the
   * broker is waited out, so it doesn't count against liveness.
   */
  abstract boolean isLive();

  /** Returns the part's name and what is known of it, without a status. */
  abstract HealthCheckResponseBuilder describe();

  /** Returns a check for {@code /health/started}, which tells what the start is waiting for. */
  HealthCheck startupCheck(StartupState startup) {
    return () -> {
      HealthCheckResponseBuilder response = describe();
      startup.failure().ifPresent(failure -> response.withData("waitingFor", failure));
      return response.status(isStarted()).build();
    };
  }

  /** Returns the answer of {@code /health/ready}. */
  HealthCheckResponse readiness() {
    return describe().status(isReady()).build();
  }

  /** Returns the answer of {@code /health/live}. */
  HealthCheckResponse liveness() {
    return describe().status(isLive()).build();
  }

  static void addAge(HealthCheckResponseBuilder response, String name, Optional<Instant> moment) {
    moment.ifPresent(
        at -> response.withData(name, Duration.between(at, Instant.now()).toSeconds()));
  }

  static void addError(HealthCheckResponseBuilder response, Optional<String> error) {
    error.ifPresent(line -> response.withData("lastError", line));
  }
}
