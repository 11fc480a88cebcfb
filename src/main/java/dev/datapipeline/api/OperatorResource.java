package dev.datapipeline.api;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.Response;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/** The operator's credentials. */
@Path("operator")
@ApplicationScoped
@Tag(name = "Controls")
public class OperatorResource {

  /**
   * Does nothing: whoever gets as far as this is the operator.
   *
   * @return nothing
   */
  @POST
  @Operation(
      summary = "Check the operator's credentials",
      description = "Nothing is remembered: each request brings its own credentials.")
  @APIResponse(responseCode = "204", description = "they are the operator's")
  public Response check() {
    return Response.noContent().build();
  }
}
