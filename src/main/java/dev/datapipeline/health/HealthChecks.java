package dev.datapipeline.health;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.eclipse.microprofile.health.HealthCheckResponse;

/**
 * The health of all parts together, with data. Each method returns one check each for database,
 * broker, consumer and producer, in this order. Thread-safe.
 */
@ApplicationScoped
public class HealthChecks {
  @Inject private DatabaseHealth database;
  @Inject private BrokerHealth broker;
  @Inject private ConsumerHealth consumer;
  @Inject private ProducerHealth producer;
  @Inject private StartupState startup;

  /**
   * Returns whether each part has started. The data names what the start is waiting for.
   *
   * @return the checks
   */
  public List<HealthCheckResponse> startup() {
    return check(part -> part.withData(part.isStarted(), startup.failure()));
  }

  /**
   * Returns whether each part works now.
   *
   * @return the checks
   */
  public List<HealthCheckResponse> readiness() {
    return check(part -> part.withData(part.isReady()));
  }

  /**
   * Returns whether each part works or can recover without a restart.
   *
   * @return the checks
   */
  public List<HealthCheckResponse> liveness() {
    return check(part -> part.withData(part.isLive()));
  }

  private List<HealthCheckResponse> check(Function<PartHealth, HealthCheckResponse> check) {
    return Stream.of(database, broker, consumer, producer).map(check).toList();
  }
}
