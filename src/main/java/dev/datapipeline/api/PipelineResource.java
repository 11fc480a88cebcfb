package dev.datapipeline.api;

import dev.datapipeline.config.ConsumerConfig;
import dev.datapipeline.consumer.ConsumerState;
import dev.datapipeline.consumer.EventConsumer;
import dev.datapipeline.http.Parameters;
import dev.datapipeline.http.Problem;
import dev.datapipeline.producer.ProducerControl;
import dev.datapipeline.producer.SourceState;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.Response.Status;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.function.Consumer;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.ExampleObject;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/**
 * The controls: what is changed here is in force at once, in this instance only, and forgotten at
 * its next start.
 */
@Path("pipeline")
@ApplicationScoped
@Produces(MediaType.APPLICATION_JSON)
@Tag(name = "Controls")
public class PipelineResource {
  private static final String EXAMPLE =
      """
      {"sources":[{"name":"sensor","topic":"sensor_data","interval":"PT1S","eventsPerTick":1,\
      "paused":false,"sent":1500,"notSent":0,"lastTick":"2026-01-15T10:17:17.817Z"}],\
      "consumer":{"enabled":true,"paused":false,"failing":false}}""";
  private static final String SOURCE = "the name of a source; all of them if it is missing";

  @Inject private ProducerControl producer;
  @Inject private EventConsumer consumer;
  @Inject private ConsumerConfig consumerConfig;

  /**
   * Returns the state of the sources and of the consumer.
   *
   * @return an object
   */
  @GET
  @Operation(summary = "What the sources and the consumer do")
  @APIResponse(
      responseCode = "200",
      content =
          @Content(
              mediaType = MediaType.APPLICATION_JSON,
              examples = @ExampleObject(name = "state", value = EXAMPLE)))
  public Response state() {
    return EventsResource.json(describe().toString());
  }

  /**
   * Returns the state of the sources and of the consumer.
   *
   * @return what {@code GET /api/pipeline} answers
   */
  public JsonObject describe() {
    JsonArrayBuilder sources = Json.createArrayBuilder();
    producer.sources().forEach(source -> sources.add(json(source)));
    ConsumerState state = consumer.state();
    JsonObjectBuilder consuming =
        Json.createObjectBuilder()
            .add("enabled", consumerConfig.enabled())
            .add("paused", state.isPaused())
            .add("failing", state.isFailing());
    state.lastError().ifPresent(error -> consuming.add("lastError", error));
    return Json.createObjectBuilder().add("sources", sources).add("consumer", consuming).build();
  }

  private static JsonObjectBuilder json(SourceState source) {
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

  /**
   * Leaves out ticks until they are resumed.
   *
   * @param source its name; null for all
   * @return the state afterwards
   */
  @POST
  @Path("producer/pause")
  @Operation(summary = "Pause the producer, or one source")
  @APIResponse(
      responseCode = "200",
      content =
          @Content(
              mediaType = MediaType.APPLICATION_JSON,
              examples = @ExampleObject(name = "state", value = EXAMPLE)))
  @APIResponse(
      responseCode = "404",
      description = "no source of this name runs",
      content = @Content(mediaType = Problem.MEDIA_TYPE))
  public Response pauseProducer(
      @QueryParam("source") @Parameter(description = SOURCE, example = "sensor") String source) {
    return forEach(source, producer::pause);
  }

  /**
   * Lets a paused source tick again.
   *
   * @param source its name; null for all
   * @return the state afterwards
   */
  @POST
  @Path("producer/resume")
  @Operation(summary = "Resume the producer, or one source")
  @APIResponse(
      responseCode = "200",
      content =
          @Content(
              mediaType = MediaType.APPLICATION_JSON,
              examples = @ExampleObject(name = "state", value = EXAMPLE)))
  @APIResponse(
      responseCode = "404",
      description = "no source of this name runs",
      content = @Content(mediaType = Problem.MEDIA_TYPE))
  public Response resumeProducer(
      @QueryParam("source") @Parameter(description = SOURCE, example = "sensor") String source) {
    return forEach(source, producer::resume);
  }

  /**
   * Makes one tick now, also while paused.
   *
   * @param source its name; null for all
   * @return the state afterwards
   */
  @POST
  @Path("producer/tick")
  @Operation(
      summary = "Make one tick now",
      description = "Also while the source is paused. Its other ticks stay as they are.")
  @APIResponse(
      responseCode = "200",
      content =
          @Content(
              mediaType = MediaType.APPLICATION_JSON,
              examples = @ExampleObject(name = "state", value = EXAMPLE)))
  @APIResponse(
      responseCode = "404",
      description = "no source of this name runs",
      content = @Content(mediaType = Problem.MEDIA_TYPE))
  public Response tick(
      @QueryParam("source") @Parameter(description = SOURCE, example = "sensor") String source) {
    return forEach(source, producer::tick);
  }

  /**
   * Changes the interval of the ticks.
   *
   * @param interval an ISO 8601 duration
   * @param source its name; null for all
   * @return the state afterwards
   */
  @PUT
  @Path("producer/interval")
  @Operation(summary = "Change the interval of the producer, or of one source")
  @APIResponse(
      responseCode = "200",
      content =
          @Content(
              mediaType = MediaType.APPLICATION_JSON,
              examples = @ExampleObject(name = "state", value = EXAMPLE)))
  @APIResponse(
      responseCode = "400",
      description = "no duration, or not within its bounds",
      content = @Content(mediaType = Problem.MEDIA_TYPE))
  @APIResponse(
      responseCode = "404",
      description = "no source of this name runs",
      content = @Content(mediaType = Problem.MEDIA_TYPE))
  public Response interval(
      @QueryParam("interval")
          @Parameter(description = "an ISO 8601 duration", required = true, example = "PT0.5S")
          String interval,
      @QueryParam("source") @Parameter(description = SOURCE, example = "sensor") String source) {
    Duration duration = duration(interval);
    try {
      return forEach(source, name -> producer.setInterval(name, duration));
    } catch (IllegalArgumentException e) {
      throw Problem.of(Status.BAD_REQUEST, e.getMessage()).exception();
    }
  }

  private static Duration duration(String interval) {
    try {
      return Duration.parse(interval == null ? "" : interval);
    } catch (DateTimeParseException e) {
      throw Parameters.bad("interval", "a duration such as PT0.5S", String.valueOf(interval));
    }
  }

  private Response forEach(String source, Consumer<String> control) {
    List<String> names =
        source == null
            ? producer.sources().stream().map(SourceState::name).toList()
            : List.of(source);
    try {
      names.forEach(control);
    } catch (NoSuchElementException e) {
      throw Problem.of(Status.NOT_FOUND, e.getMessage()).exception();
    }
    return state();
  }

  /**
   * Stores nothing until it is resumed.
   *
   * @return the state afterwards
   */
  @POST
  @Path("consumer/pause")
  @Operation(
      summary = "Pause the consumer",
      description =
          "Records wait in Kafka. Readiness is DOWN meanwhile, because nothing is stored.")
  @APIResponse(
      responseCode = "200",
      content =
          @Content(
              mediaType = MediaType.APPLICATION_JSON,
              examples = @ExampleObject(name = "state", value = EXAMPLE)))
  public Response pauseConsumer() {
    consumer.pause();
    return state();
  }

  /**
   * Stores again what waits.
   *
   * @return the state afterwards
   */
  @POST
  @Path("consumer/resume")
  @Operation(summary = "Resume the consumer")
  @APIResponse(
      responseCode = "200",
      content =
          @Content(
              mediaType = MediaType.APPLICATION_JSON,
              examples = @ExampleObject(name = "state", value = EXAMPLE)))
  public Response resumeConsumer() {
    consumer.resume();
    return state();
  }
}
