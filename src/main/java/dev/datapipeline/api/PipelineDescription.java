package dev.datapipeline.api;

import dev.datapipeline.config.ConsumerConfig;
import dev.datapipeline.consumer.ConsumerState;
import dev.datapipeline.consumer.EventConsumer;
import dev.datapipeline.producer.ProducerControl;
import dev.datapipeline.producer.SourceState;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;

/** Describes the current state of the sources and the consumer as JSON. Thread-safe. */
@ApplicationScoped
public class PipelineDescription {
  private final ProducerControl producer;
  private final EventConsumer consumer;
  private final ConsumerConfig consumerConfig;

  /** Required by CDI for client proxies; do not call. */
  protected PipelineDescription() {
    this(null, null, null);
  }

  @Inject
  PipelineDescription(
      ProducerControl producer, EventConsumer consumer, ConsumerConfig consumerConfig) {
    this.producer = producer;
    this.consumer = consumer;
    this.consumerConfig = consumerConfig;
  }

  /**
   * Returns the current state.
   *
   * @return what {@code GET /api/pipeline} answers
   */
  public JsonObject json() {
    JsonArrayBuilder sources = Json.createArrayBuilder();
    producer.sources().forEach(source -> sources.add(json(source)));
    return Json.createObjectBuilder()
        .add("sources", sources)
        .add("consumer", json(consumer.state()))
        .build();
  }

  private JsonObjectBuilder json(ConsumerState state) {
    JsonObjectBuilder json =
        Json.createObjectBuilder()
            .add("enabled", consumerConfig.enabled())
            .add("paused", state.isPaused())
            .add("failing", state.isFailing());
    state.lastError().ifPresent(error -> json.add("lastError", error));
    return json;
  }

  static JsonObjectBuilder json(SourceState source) {
    JsonObjectBuilder json =
        Json.createObjectBuilder()
            .add("name", source.name())
            .add("topic", source.topic())
            .add("interval", source.interval().toString())
            .add("eventsPerTick", source.eventsPerTick())
            .add("paused", source.paused())
            .add("sent", source.sent())
            .add("notSent", source.notSent());
    source.lastTick().ifPresent(tick -> json.add("lastTick", tick.toString()));
    source.lastError().ifPresent(error -> json.add("lastError", error));
    return json;
  }
}
