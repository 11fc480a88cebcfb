package dev.datapipeline.api;

import dev.datapipeline.health.HealthChecks;
import dev.datapipeline.http.JsonResponse;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.util.List;
import java.util.stream.Stream;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.ExampleObject;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/**
 * Answers like {@code /health} and its endpoints, and adds data: numbers, addresses and errors.
 * {@code /health} is open to everybody and shows names and statuses only.
 */
@Path("health")
@ApplicationScoped
@Produces(MediaType.APPLICATION_JSON)
@Tag(name = "Health")
public class HealthResource {
  private static final String UP =
      """
      {"status":"UP","checks":[{"name":"database","status":"UP",\
      "data":{"address":"datapipeline@localhost:5432/datapipeline"}}]}""";

  private static final String DOWN = "at least one check is DOWN; the body has the same form";

  @Inject private HealthChecks checks;

  /**
   * Returns all checks.
   *
   * @return 200 or 503
   */
  @GET
  @Operation(summary = "All health checks, with data")
  @APIResponse(responseCode = "503", description = DOWN)
  @APIResponse(
      responseCode = "200",
      content =
          @Content(
              mediaType = MediaType.APPLICATION_JSON,
              examples = @ExampleObject(name = "up", value = UP)))
  public Response all() {
    return answer(
        Stream.of(checks.startup(), checks.liveness(), checks.readiness())
            .flatMap(List::stream)
            .toList());
  }

  /**
   * Returns whether each part has been started once.
   *
   * @return 200 or 503
   */
  @GET
  @Path("started")
  @Operation(summary = "Has each part been started once?")
  @APIResponse(responseCode = "503", description = DOWN)
  @APIResponse(
      responseCode = "200",
      description = "every part has been started",
      content =
          @Content(
              mediaType = MediaType.APPLICATION_JSON,
              examples = @ExampleObject(name = "up", value = UP)))
  public Response started() {
    return answer(checks.startup());
  }

  /**
   * Returns whether each part works now.
   *
   * @return 200 or 503
   */
  @GET
  @Path("ready")
  @Operation(summary = "Does each part work now?")
  @APIResponse(responseCode = "503", description = DOWN)
  @APIResponse(
      responseCode = "200",
      description = "every part works",
      content =
          @Content(
              mediaType = MediaType.APPLICATION_JSON,
              examples = @ExampleObject(name = "up", value = UP)))
  public Response ready() {
    return answer(checks.readiness());
  }

  /**
   * Returns whether each part works or can recover by itself.
   *
   * @return 200 or 503
   */
  @GET
  @Path("live")
  @Operation(summary = "Can the instance recover without a restart?")
  @APIResponse(responseCode = "503", description = DOWN)
  @APIResponse(
      responseCode = "200",
      description = "a restart isn't needed",
      content =
          @Content(
              mediaType = MediaType.APPLICATION_JSON,
              examples = @ExampleObject(name = "up", value = UP)))
  public Response live() {
    return answer(checks.liveness());
  }

  private static Response answer(List<HealthCheckResponse> checks) {
    boolean up = checks.stream().allMatch(HealthJson::isUp);
    return JsonResponse.of(
        up ? Response.Status.OK : Response.Status.SERVICE_UNAVAILABLE,
        HealthJson.answer(up, checks));
  }
}
