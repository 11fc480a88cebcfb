package dev.datapipeline.api;

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

/** The operator's credentials. */
@Path("operator")
@ApplicationScoped
@Tag(name = "Controls")
public class OperatorResource {
  private static final String EXAMPLE = "{\"operator\":true}";

  /**
   * Does nothing: whoever gets as far as this is the operator.
   *
   * @return an object that says so
   */
  @POST
  @Operation(
      summary = "Check the operator's credentials",
      description = "Nothing is remembered: each request brings its own credentials.")
  @APIResponse(
      responseCode = "200",
      description = "they are the operator's",
      content =
          @Content(
              mediaType = MediaType.APPLICATION_JSON,
              examples = @ExampleObject(name = "operator", value = EXAMPLE)))
  public Response check() {
    return EventsResource.json(EXAMPLE);
  }
}
