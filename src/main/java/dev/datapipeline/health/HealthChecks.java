package dev.datapipeline.health;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.List;
import java.util.stream.Stream;
import org.eclipse.microprofile.health.HealthCheckResponse;

/** The health of all parts together. Thread-safe. */
@ApplicationScoped
public class HealthChecks {
  @Inject private DatabaseHealth database;
  @Inject private BrokerHealth broker;
  @Inject private ConsumerHealth consumer;
  @Inject private ProducerHealth producer;

  /**
   * Returns the checks of {@code /health/ready}.
   *
   * @return one check each for database, broker, consumer and producer, in this order
   */
  public List<HealthCheckResponse> readiness() {
    return Stream.of(database, broker, consumer, producer).map(PartHealth::readiness).toList();
  }
}
