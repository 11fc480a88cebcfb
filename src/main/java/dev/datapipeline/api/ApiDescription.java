package dev.datapipeline.api;

import dev.datapipeline.http.Access;
import dev.datapipeline.http.FailureMapper;
import dev.datapipeline.http.Problem;
import java.util.List;
import java.util.Map.Entry;
import org.eclipse.microprofile.openapi.OASFactory;
import org.eclipse.microprofile.openapi.OASFilter;
import org.eclipse.microprofile.openapi.models.OpenAPI;
import org.eclipse.microprofile.openapi.models.Operation;
import org.eclipse.microprofile.openapi.models.PathItem;
import org.eclipse.microprofile.openapi.models.responses.APIResponse;
import org.eclipse.microprofile.openapi.models.responses.APIResponses;

/**
 * Adds to the description of every operation what all have in common: who may do it, and the
 * failures that {@link Access} and {@link FailureMapper} answer with.
 */
public class ApiDescription implements OASFilter {

  @Override
  public void filterOpenAPI(OpenAPI api) {
    if (api.getPaths() == null || api.getPaths().getPathItems() == null) {
      return;
    }
    for (PathItem path : api.getPaths().getPathItems().values()) {
      for (Entry<PathItem.HttpMethod, Operation> operation : path.getOperations().entrySet()) {
        describe(operation.getValue(), operation.getKey() == PathItem.HttpMethod.GET);
      }
    }
  }

  private static void describe(Operation operation, boolean read) {
    if (!read) {
      operation.setSecurity(
          List.of(OASFactory.createSecurityRequirement().addScheme(ApiApplication.OPERATOR)));
    }
    APIResponses responses = operation.getResponses();
    add(
        responses,
        "401",
        read
            ? "The caller may not read: see API_READ_ACCESS"
            : "The operator's name and password are missing or wrong");
    if (!read) {
      add(responses, "403", "The request comes from a page of another site");
    }
    add(responses, "503", "The database or the broker does not answer now");
  }

  private static void add(APIResponses responses, String status, String description) {
    if (responses.getAPIResponse(status) == null) {
      responses.addAPIResponse(status, problem(description));
    }
  }

  private static APIResponse problem(String description) {
    return OASFactory.createAPIResponse()
        .description(description)
        .content(
            OASFactory.createContent()
                .addMediaType(
                    Problem.MEDIA_TYPE,
                    OASFactory.createMediaType()
                        .schema(OASFactory.createSchema().ref("#/components/schemas/Problem"))));
  }
}
