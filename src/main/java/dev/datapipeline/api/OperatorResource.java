package dev.datapipeline.api;

import dev.datapipeline.http.Access;
import dev.datapipeline.http.JsonResponse;
import dev.datapipeline.http.Parameters;
import dev.datapipeline.storage.read.OperatorActions;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.time.ZoneOffset;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.ExampleObject;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/** Lets a client check the operator's credentials, and shows what operators did. */
@Path("operator")
@ApplicationScoped
@Tag(name = "Controls")
public class OperatorResource {
  private static final String EXAMPLE = "{\"operator\":true}";
  private static final String ACTIONS =
      """
      {"actions":[{"at":"2026-01-15T10:17:17.817Z","operator":"jane","address":"192.0.2.7",\
      "action":"POST /api/pipeline/consumer/pause","status":200}]}""";
  private static final int MAX_ROWS = 1000;

  @Inject private OperatorActions actions;

  /**
   * Confirms the credentials. A request that reaches this method has already passed {@link Access}.
   *
   * @return a constant object
   */
  @POST
  @Operation(
      summary = "Check the operator's credentials",
      description = "Creates no session: every request must carry its own credentials.")
  @APIResponse(
      responseCode = "200",
      description = "the credentials are valid",
      content =
          @Content(
              mediaType = MediaType.APPLICATION_JSON,
              examples = @ExampleObject(name = "operator", value = EXAMPLE)))
  public Response check() {
    return JsonResponse.ok(EXAMPLE);
  }

  /**
   * Returns what operators did, newest first.
   *
   * @param limit the maximum number, 1 to 1000; 100 if null
   * @return the actions
   */
  @GET
  @Path("actions")
  @Produces(MediaType.APPLICATION_JSON)
  @Operation(summary = "Who paused, resumed, replayed or changed something; newest first")
  @APIResponse(
      responseCode = "200",
      content =
          @Content(
              mediaType = MediaType.APPLICATION_JSON,
              examples = @ExampleObject(name = "actions", value = ACTIONS)))
  public Response actions(
      @QueryParam("limit") @Parameter(description = "1 to 1000", example = "100") String limit) {
    JsonArrayBuilder array = Json.createArrayBuilder();
    actions
        .latest(Parameters.limit(limit, 100, MAX_ROWS))
        .forEach(
            action ->
                array.add(
                    Json.createObjectBuilder()
                        .add("at", RowFormat.time(action.at().atOffset(ZoneOffset.UTC)))
                        .add("operator", action.operator())
                        .add("address", action.address())
                        .add("action", action.action())
                        .add("status", action.status())));
    return JsonResponse.ok(Json.createObjectBuilder().add("actions", array).build());
  }
}
