package dev.datapipeline.api;

import dev.datapipeline.http.Access;
import dev.datapipeline.http.JsonResponse;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.ExampleObject;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/** Lets a client check the operator's credentials. */
@Path("operator")
@ApplicationScoped
@Tag(name = "Controls")
public class OperatorResource {
  private static final String EXAMPLE = "{\"operator\":true}";

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
}
