package dev.datapipeline.health;

import dev.datapipeline.failure.SteadyClock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;

/**
 * The health of one part of the pipeline at the three endpoints. Reads only values that are already
 * in memory, so a check never hangs. Thread-safe.
 */
abstract class PartHealth {

  /** Returns whether the part has started, even if it doesn't work now. */
  abstract boolean isStarted();

  /** Returns whether the part works now. */
  abstract boolean isReady();

  /**
   * Returns whether the part works or can recover without a restart. The pipeline waits for a
   * database or a broker that is unavailable, so an outage doesn't count.
   */
  abstract boolean isLive();

  /** Returns the part's name and data, without a status. */
  abstract HealthCheckResponseBuilder describe();

  /** Returns a check for {@code /health/started} that names what the start is waiting for. */
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
        at -> response.withData(name, Duration.between(at, SteadyClock.now()).toSeconds()));
  }

  static void addError(HealthCheckResponseBuilder response, Optional<String> error) {
    error.ifPresent(line -> response.withData("lastError", line));
  }
}
