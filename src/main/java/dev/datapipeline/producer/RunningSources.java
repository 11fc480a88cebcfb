package dev.datapipeline.producer;

import dev.datapipeline.broker.Broker;
import dev.datapipeline.broker.KafkaClients;
import dev.datapipeline.config.InvalidSettingException;
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

/** The sources that run: CDI beans chosen by the setting {@code PRODUCER_SOURCE}. Thread-safe. */
@ApplicationScoped
public class RunningSources {
  @Inject private ProducerConfig config;
  @Inject private EventPublisher publisher;
  @Inject private KafkaClients clients;
  @Inject private Broker broker;
  @Inject private FilePositions positions;
  @Inject private PipelineMetrics metrics;
  @Inject private Tracing tracing;
  @Inject @Any private Instance<EventSource> sources;

  private volatile Map<String, SourceDriver> drivers = Map.of();

  /**
   * Finds the configured sources among the CDI beans. Must be called before any other method.
   *
   * @throws InvalidSettingException if a configured name belongs to no source, or if two sources
   *     share a name
   */
  public void choose() {
    Map<String, EventSource> known = new TreeMap<>();
    for (EventSource source : sources) {
      EventSource other = known.put(source.name(), source);
      if (other != null) {
        throw new InvalidSettingException(
            "PRODUCER_SOURCE",
            source.name(),
            "a name that only one source has; this one is used by %s and %s"
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

  private EventSender sender(EventSource source) {
    return source instanceof ResumableSource
        ? new TransactionalSender(clients, broker, positions, metrics, tracing)
        : (from, settings, results) ->
            publisher.publish(settings.topic(), from.next(settings.eventsPerTick()), results);
  }

  /** Returns the name of the source's class without the suffix of a CDI proxy. */
  private static String className(EventSource source) {
    return source.getClass().getName().replaceFirst("\\$.*", "");
  }

  /** Returns the running sources in configured order; empty before {@link #choose}. */
  Collection<SourceDriver> all() {
    return drivers.values();
  }

  Optional<SourceDriver> get(String name) {
    return Optional.ofNullable(drivers.get(name));
  }
}
