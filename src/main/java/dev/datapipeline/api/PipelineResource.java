package dev.datapipeline.api;

import dev.datapipeline.consumer.EventConsumer;
import dev.datapipeline.http.JsonResponse;
import dev.datapipeline.http.Parameters;
import dev.datapipeline.http.Problem;
import dev.datapipeline.producer.ProducerControl;
import dev.datapipeline.producer.SourceState;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
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
 * Controls the producer and the consumer of this instance. Changes take effect immediately and are
 * lost when the instance restarts. Every operation answers with the resulting state.
 */
@Path("pipeline")
@ApplicationScoped
@Produces(MediaType.APPLICATION_JSON)
@Tag(name = "Controls")
@APIResponse(
    responseCode = "200",
    content =
        @Content(
            mediaType = MediaType.APPLICATION_JSON,
            examples = @ExampleObject(name = "state", value = PipelineResource.EXAMPLE)))
public class PipelineResource {
  static final String EXAMPLE =
      """
      {"sources":[{"name":"sensor","topic":"sensor_data","interval":"PT1S","eventsPerTick":1,\
      "paused":false,"sent":1500,"notSent":0,"lastTick":"2026-01-15T10:17:17.817Z"}],\
      "consumer":{"enabled":true,"paused":false,"failing":false}}""";
  private static final String SOURCE = "the name of a source; all sources if it is missing";
  private static final String NO_SUCH_SOURCE = "no source with this name is running";

  @Inject private ProducerControl producer;
  @Inject private EventConsumer consumer;
  @Inject private PipelineDescription description;

  /**
   * Returns the state of the sources and the consumer.
   *
   * @return the current state
   */
  @GET
  @Operation(summary = "The state of the sources and the consumer")
  public Response state() {
    return JsonResponse.ok(description.json());
  }

  /**
   * Skips ticks until the source is resumed.
   *
   * @param source the source's name; null for all sources
   * @return the resulting state
   */
  @POST
  @Path("producer/pause")
  @Operation(summary = "Pause the producer or one source")
  @APIResponse(responseCode = "404", description = NO_SUCH_SOURCE)
  public Response pauseProducer(
      @QueryParam("source") @Parameter(description = SOURCE, example = "sensor") String source) {
    return control(source, producer::pause);
  }

  /**
   * Lets a paused source tick again.
   *
   * @param source the source's name; null for all sources
   * @return the resulting state
   */
  @POST
  @Path("producer/resume")
  @Operation(summary = "Resume the producer or one source")
  @APIResponse(responseCode = "404", description = NO_SUCH_SOURCE)
  public Response resumeProducer(
      @QueryParam("source") @Parameter(description = SOURCE, example = "sensor") String source) {
    return control(source, producer::resume);
  }

  /**
   * Runs one tick immediately, even if the source is paused.
   *
   * @param source the source's name; null for all sources
   * @return the resulting state
   */
  @POST
  @Path("producer/tick")
  @Operation(
      summary = "Run one tick now",
      description = "Works while the source is paused, too. Scheduled ticks are unchanged.")
  @APIResponse(responseCode = "404", description = NO_SUCH_SOURCE)
  public Response tick(
      @QueryParam("source") @Parameter(description = SOURCE, example = "sensor") String source) {
    return control(source, producer::tick);
  }

  /**
   * Changes the interval between ticks.
   *
   * @param interval an ISO 8601 duration
   * @param source the source's name; null for all sources
   * @return the resulting state
   */
  @PUT
  @Path("producer/interval")
  @Operation(summary = "Change the interval of the producer or of one source")
  @APIResponse(responseCode = "400", description = "not a duration, or out of bounds")
  @APIResponse(responseCode = "404", description = NO_SUCH_SOURCE)
  public Response interval(
      @QueryParam("interval")
          @Parameter(description = "an ISO 8601 duration", required = true, example = "PT0.5S")
          String interval,
      @QueryParam("source") @Parameter(description = SOURCE, example = "sensor") String source) {
    Duration duration = duration(interval);
    try {
      return control(source, name -> producer.setInterval(name, duration));
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

  private Response control(String source, Consumer<String> action) {
    List<String> names =
        source == null
            ? producer.sources().stream().map(SourceState::name).toList()
            : List.of(source);
    try {
      names.forEach(action);
    } catch (NoSuchElementException e) {
      throw Problem.of(Status.NOT_FOUND, e.getMessage()).exception();
    }
    return state();
  }

  /**
   * Stops storing records until the consumer is resumed.
   *
   * @return the resulting state
   */
  @POST
  @Path("consumer/pause")
  @Operation(
      summary = "Pause the consumer",
      description =
          "Records wait in Kafka. Readiness is DOWN meanwhile, because nothing is stored.")
  public Response pauseConsumer() {
    consumer.pause();
    return state();
  }

  /**
   * Stores records again, starting with those that wait in Kafka.
   *
   * @return the resulting state
   */
  @POST
  @Path("consumer/resume")
  @Operation(summary = "Resume the consumer")
  public Response resumeConsumer() {
    consumer.resume();
    return state();
  }
}
