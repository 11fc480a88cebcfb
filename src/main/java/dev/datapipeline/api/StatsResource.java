package dev.datapipeline.api;

import dev.datapipeline.consumer.EventConsumer;
import dev.datapipeline.health.PipelineMonitor;
import dev.datapipeline.http.JsonResponse;
import dev.datapipeline.metrics.Throughput;
import dev.datapipeline.producer.EventPublisher;
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
import java.util.Map;
import java.util.Map.Entry;
import org.apache.kafka.common.TopicPartition;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.ExampleObject;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/** Answers with the pipeline's statistics. */
@Path("stats")
@ApplicationScoped
@Tag(name = "Reading")
public class StatsResource {
  private static final String EXAMPLE =
      """
      {"database":{"events":1500,"estimated":false,"deadLetters":1},\
      "sinceStart":{"sent":1500,"notSent":0,"stored":1500,"skipped":0,"deadLettered":1,"retries":0},\
      "perSecond":{"sent":1.0,"stored":1.0},"lag":{"total":0,"partitions":[{"topic":"sensor_data","partition":0,"records":0}]},\
      "positions":[{"topic":"sensor_data","partition":0,"incarnation":0,"nextOffset":750,"updatedAt":"2026-01-15T10:17:17.817Z"}]}""";

  @Inject private EventReader reader;
  @Inject private PipelineNumbers numbers;
  @Inject private Throughput throughput;
  @Inject private PipelineMonitor monitor;
  @Inject private EventConsumer consumer;
  @Inject private EventPublisher publisher;

  /**
   * Returns totals, rates, lag, positions and the last errors.
   *
   * @return the statistics
   */
  @GET
  @Produces(MediaType.APPLICATION_JSON)
  @Operation(
      summary = "Totals, rates, lag by partition, dead letters, last errors",
      description =
          "sinceStart, perSecond (over ten seconds) and lastErrors describe this instance only. Above"
              + " 100,000, events is an estimate. lag is missing while the broker is unavailable.")
  @APIResponse(
      responseCode = "200",
      content =
          @Content(
              mediaType = MediaType.APPLICATION_JSON,
              examples = @ExampleObject(name = "stats", value = EXAMPLE)))
  public Response stats() {
    JsonObjectBuilder stats =
        Json.createObjectBuilder()
            .add("database", numbers.database())
            .add("sinceStart", numbers.sinceStart())
            .add("perSecond", perSecond());
    monitor.lagByPartition().ifPresent(lag -> stats.add("lag", json(lag)));
    stats.add("positions", positions()).add("lastErrors", lastErrors());
    return JsonResponse.ok(stats.build());
  }

  private JsonObjectBuilder perSecond() {
    Throughput.Rate rate = throughput.rate();
    return Json.createObjectBuilder()
        .add("sent", PipelineNumbers.rounded(rate.sent()))
        .add("stored", PipelineNumbers.rounded(rate.stored()));
  }

  private static JsonObjectBuilder json(Map<TopicPartition, Long> lag) {
    JsonArrayBuilder partitions = Json.createArrayBuilder();
    lag.entrySet().stream()
        .sorted(Entry.comparingByKey(Comparator.comparing(TopicPartition::toString)))
        .forEach(
            entry ->
                partitions.add(
                    Json.createObjectBuilder()
                        .add("topic", entry.getKey().topic())
                        .add("partition", entry.getKey().partition())
                        .add("records", entry.getValue())));
    return Json.createObjectBuilder()
        .add("total", lag.values().stream().mapToLong(Long::longValue).sum())
        .add("partitions", partitions);
  }

  private JsonObjectBuilder lastErrors() {
    JsonObjectBuilder errors = Json.createObjectBuilder();
    consumer.state().lastError().ifPresent(error -> errors.add("consumer", error));
    publisher.lastError().ifPresent(error -> errors.add("producer", error));
    return errors;
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
                        .add("incarnation", position.getIncarnation())
                        .add("nextOffset", position.getNextOffset())
                        .add("updatedAt", RowFormat.time(position.getUpdatedAt()))));
    return positions;
  }
}
