package dev.datapipeline.health;

import dev.datapipeline.failure.SteadyClock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;

/**
 * The health of one part of the pipeline. Reads only values that are already in memory, so a check
 * never hangs. Thread-safe.
 *
 * <p>Everybody can call {@code /health} and its endpoints, and a check doesn't learn who calls it.
 * So they give no data; {@link HealthChecks} does.
 */
abstract class PartHealth {
  private final String name;

  PartHealth(String name) {
    this.name = name;
  }

  /** Returns whether the part has started, even if it doesn't work now. */
  abstract boolean isStarted();

  /** Returns whether the part works now. */
  abstract boolean isReady();

  /**
   * Returns whether the part works or can recover without a restart. The pipeline waits for a
   * database or a broker that is unavailable, so an outage doesn't count.
   */
  abstract boolean isLive();

  /** Adds what is known about the part. */
  abstract void describe(HealthCheckResponseBuilder response);

  /** Returns the answer of a public endpoint. */
  HealthCheckResponse withoutData(boolean up) {
    return HealthCheckResponse.named(name).status(up).build();
  }

  /** Returns an answer for those who may read. */
  HealthCheckResponse withData(boolean up) {
    return withData(up, Optional.empty());
  }

  /**
   * Returns an answer for those who may read.
   *
   * @param waitingFor what the start is waiting for; empty if it isn't waiting
   */
  HealthCheckResponse withData(boolean up, Optional<String> waitingFor) {
    HealthCheckResponseBuilder response = HealthCheckResponse.named(name);
    describe(response);
    waitingFor.ifPresent(failure -> response.withData("waitingFor", failure));
    return response.status(up).build();
  }

  static void addAge(HealthCheckResponseBuilder response, String name, Optional<Instant> moment) {
    moment.ifPresent(
        at -> response.withData(name, Duration.between(at, SteadyClock.now()).toSeconds()));
  }

  static void addError(HealthCheckResponseBuilder response, Optional<String> error) {
    error.ifPresent(line -> response.withData("lastError", line));
  }
}
