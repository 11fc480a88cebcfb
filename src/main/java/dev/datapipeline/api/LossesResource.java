package dev.datapipeline.api;

import dev.datapipeline.http.JsonResponse;
import dev.datapipeline.http.Parameters;
import dev.datapipeline.storage.read.LossReader;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.ExampleObject;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/** Answers with the offsets that were deleted before they were stored. */
@Path("losses")
@ApplicationScoped
@Tag(name = "Reading")
public class LossesResource {
  private static final int MAX_ROWS = 1000;
  private static final String EXAMPLE =
      """
      {"losses":[{"topic":"sensor_data","topicId":"20af43b1-add6-43d0-9c1c-917128304987","partition":1,\
      "firstOffset":700,"lastOffset":712,"reason":"deleted","notedAt":"2026-01-15T10:17:17.817Z"}]}""";

  @Inject private LossReader reader;

  /**
   * Returns ranges of lost offsets, newest first.
   *
   * @param gaps whether to return other offsets without a record, too; false if null
   * @param limit the maximum number, 1 to 1000; 100 if null
   * @return the ranges
   */
  @GET
  @Produces(MediaType.APPLICATION_JSON)
  @Operation(
      summary = "Offsets that were deleted from the topic, or with it, before they were stored")
  @APIResponse(
      responseCode = "200",
      content =
          @Content(
              mediaType = MediaType.APPLICATION_JSON,
              examples = @ExampleObject(name = "losses", value = EXAMPLE)))
  public Response losses(
      @QueryParam("gaps")
          @Parameter(
              description =
                  "true: also offsets that hold no record because of transactions or compaction")
          String gaps,
      @QueryParam("limit") @Parameter(description = "1 to 1000", example = "100") String limit) {
    JsonArrayBuilder losses = Json.createArrayBuilder();
    reader
        .latest(Parameters.flag("gaps", gaps), Parameters.limit(limit, 100, MAX_ROWS))
        .forEach(
            loss ->
                losses.add(
                    Json.createObjectBuilder()
                        .add("topic", loss.topic())
                        .add("topicId", loss.topicId().toString())
                        .add("partition", loss.partition())
                        .add("firstOffset", loss.firstOffset())
                        .add("lastOffset", loss.lastOffset())
                        .add("reason", loss.reason())
                        .add("notedAt", RowFormat.time(loss.notedAt()))));
    return JsonResponse.ok(Json.createObjectBuilder().add("losses", losses).build());
  }
}
