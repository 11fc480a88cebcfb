package dev.datapipeline.api;

import dev.datapipeline.consumer.EventConsumer;
import dev.datapipeline.health.PipelineMonitor;
import dev.datapipeline.metrics.PipelineMetrics;
import dev.datapipeline.metrics.Throughput;
import dev.datapipeline.producer.EventPublisher;
import dev.datapipeline.storage.read.DeadLetterRepository;
import dev.datapipeline.storage.read.EventReader;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonObjectBuilder;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.util.Comparator;
import java.util.Map.Entry;
import org.apache.kafka.common.TopicPartition;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.ExampleObject;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/** The pipeline in numbers. */
@Path("stats")
@ApplicationScoped
@Tag(name = "Reading")
public class StatsResource {
  private static final String EXAMPLE =
      """
      {"database":{"events":1500,"estimated":false,"deadLetters":1},\
      "sinceStart":{"sent":1500,"notSent":0,"stored":1500,"skipped":0,"deadLettered":1,"retries":0},\
      "perSecond":{"sent":1.0,"stored":1.0},"lag":{"total":0,"partitions":[{"topic":"sensor_data","partition":0,"records":0}]},\
      "positions":[{"topic":"sensor_data","partition":0,"nextOffset":750,"updatedAt":"2026-01-15T10:17:17.817Z"}]}""";

  @Inject private EventReader reader;
  @Inject private DeadLetterRepository box;
  @Inject private PipelineMetrics metrics;
  @Inject private Throughput throughput;
  @Inject private PipelineMonitor monitor;
  @Inject private EventConsumer consumer;
  @Inject private EventPublisher publisher;

  /**
   * Returns totals, rates, lag, positions and the last errors.
   *
   * @return an object
   */
  @GET
  @Produces(MediaType.APPLICATION_JSON)
  @Operation(
      summary = "Totals, rates, lag of each partition, dead letters, last errors",
      description =
          "sinceStart, perSecond (over ten seconds) and the errors are of this instance. events is an estimate"
              + " beyond 100,000. lag is missing while the broker is away.")
  @APIResponse(
      responseCode = "200",
      content =
          @Content(
              mediaType = MediaType.APPLICATION_JSON,
              examples = @ExampleObject(name = "stats", value = EXAMPLE)))
  public Response stats() {
    EventReader.Total total = reader.total();
    PipelineMetrics.Counts counts = metrics.counts();
    Throughput.Rate rate = throughput.rate();
    JsonObjectBuilder answer =
        Json.createObjectBuilder()
            .add(
                "database",
                Json.createObjectBuilder()
                    .add("events", total.events())
                    .add("estimated", total.estimated())
                    .add("deadLetters", box.waiting()))
            .add(
                "sinceStart",
                Json.createObjectBuilder()
                    .add("sent", counts.sent())
                    .add("notSent", counts.notSent())
                    .add("stored", counts.stored())
                    .add("skipped", counts.skipped())
                    .add("deadLettered", counts.deadLettered())
                    .add("retries", counts.retries()))
            .add(
                "perSecond",
                Json.createObjectBuilder()
                    .add("sent", rounded(rate.sent()))
                    .add("stored", rounded(rate.stored())));
    monitor
        .lagByPartition()
        .ifPresent(
            lag -> {
              JsonArrayBuilder partitions = Json.createArrayBuilder();
              lag.entrySet().stream()
                  .sorted(Entry.comparingByKey(Comparator.comparing(TopicPartition::toString)))
                  .forEach(
                      of ->
                          partitions.add(
                              Json.createObjectBuilder()
                                  .add("topic", of.getKey().topic())
                                  .add("partition", of.getKey().partition())
                                  .add("records", of.getValue())));
              answer.add(
                  "lag",
                  Json.createObjectBuilder()
                      .add("total", lag.values().stream().mapToLong(Long::longValue).sum())
                      .add("partitions", partitions));
            });
    answer.add("positions", positions());
    JsonObjectBuilder errors = Json.createObjectBuilder();
    consumer.state().lastError().ifPresent(error -> errors.add("consumer", error));
    publisher.lastError().ifPresent(error -> errors.add("producer", error));
    answer.add("lastErrors", errors);
    return EventsResource.json(answer.build().toString());
  }

  private static double rounded(double rate) {
    return Math.round(rate * 10) / 10.0;
  }

  private JsonArrayBuilder positions() {
    JsonArrayBuilder positions = Json.createArrayBuilder();
    reader.positions().values().stream()
        .sorted(Comparator.comparing(position -> position.getId()))
        .forEach(
            position ->
                positions.add(
                    Json.createObjectBuilder()
                        .add("topic", position.getTopic())
                        .add("topicId", position.getTopicId().toString())
                        .add("partition", position.getPartition())
                        .add("nextOffset", position.getNextOffset())
                        .add("updatedAt", EventFormat.time(position.getUpdatedAt()))));
    return positions;
  }
}
