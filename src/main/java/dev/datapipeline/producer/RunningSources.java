package dev.datapipeline.producer;

import dev.datapipeline.broker.Broker;
import dev.datapipeline.config.InvalidSettingException;
import dev.datapipeline.config.KafkaConfig;
import dev.datapipeline.config.ProducerConfig;
import dev.datapipeline.config.SourceConfig;
import dev.datapipeline.metrics.PipelineMetrics;
import dev.datapipeline.source.EventSource;
import dev.datapipeline.source.ResumableSource;
import dev.datapipeline.storage.FilePositions;
import dev.datapipeline.tracing.Tracing;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Any;
import jakarta.enterprise.inject.Instance;
import jakarta.inject.Inject;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The sources that the configuration names, found among the beans. Thread-safe. */
@ApplicationScoped
public class RunningSources {
  @Inject private ProducerConfig config;
  @Inject private EventPublisher publisher;
  @Inject private KafkaConfig kafka;
  @Inject private Broker broker;
  @Inject private FilePositions positions;
  @Inject private PipelineMetrics metrics;
  @Inject private Tracing tracing;
  @Inject @Any private Instance<EventSource> sources;

  private volatile Map<String, SourceDriver> drivers = Map.of();

  /**
   * Finds the sources. To be called first.
   *
   * @throws InvalidSettingException if a name is that of no source, or two sources share one
   */
  public void choose() {
    Map<String, EventSource> known = new TreeMap<>();
    for (EventSource source : sources) {
      EventSource other = known.put(source.name(), source);
      if (other != null) {
        throw new InvalidSettingException(
            "PRODUCER_SOURCE",
            source.name(),
            "a name that one source has, and not two: %s, %s"
                .formatted(className(source), className(other)));
      }
    }
    Map<String, SourceDriver> chosen = new LinkedHashMap<>();
    for (SourceConfig wanted : config.sources()) {
      EventSource source = known.get(wanted.name());
      if (source == null) {
        throw new InvalidSettingException(
            "PRODUCER_SOURCE",
            String.join(",", config.sources().stream().map(SourceConfig::name).toList()),
            "one or more of %s, separated by commas; there is no source '%s'"
                .formatted(String.join(", ", known.keySet()), wanted.name()));
      }
      chosen.put(wanted.name(), new SourceDriver(source, wanted, sender(source)));
    }
    drivers = Collections.unmodifiableMap(chosen);
  }

  private SourceDriver.Sender sender(EventSource source) {
    return source instanceof ResumableSource
        ? new TransactionalSender(kafka, broker, positions, metrics, tracing)
        : (asked, with, account) ->
            publisher.publish(with.topic(), asked.next(with.eventsPerTick()), account);
  }

  /** Without what the container adds to the name of a proxy's class. */
  private static String className(EventSource source) {
    return source.getClass().getName().replaceFirst("\\$.*", "");
  }

  /** Returns the sources in the order of the configuration; none before {@link #choose}. */
  Collection<SourceDriver> all() {
    return drivers.values();
  }

  Optional<SourceDriver> get(String name) {
    return Optional.ofNullable(drivers.get(name));
  }
}
