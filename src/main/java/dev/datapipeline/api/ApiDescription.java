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
import org.eclipse.microprofile.openapi.models.media.Content;
import org.eclipse.microprofile.openapi.models.media.MediaType;
import org.eclipse.microprofile.openapi.models.responses.APIResponse;
import org.eclipse.microprofile.openapi.models.responses.APIResponses;

/**
 * Adds to the OpenAPI document what all operations have in common: who may call them, the failures
 * that {@link Access} and {@link FailureMapper} answer with, and that every error is a {@link
 * Problem}. Resources only describe what is special about them.
 */
public class ApiDescription implements OASFilter {
  private static final String PROBLEM_SCHEMA = "#/components/schemas/Problem";

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
    APIResponses responses = operation.getResponses();
    if (read) {
      addIfMissing(responses, "401", "The caller may not read; see API_READ_ACCESS");
    } else {
      operation.setSecurity(
          List.of(OASFactory.createSecurityRequirement().addScheme(ApiApplication.OPERATOR)));
      addIfMissing(responses, "401", "Name and password are missing or wrong");
    }
    addIfMissing(
        responses,
        "403",
        "The user does not have the required role, or the request comes from a page of another site");
    addIfMissing(responses, "429", "Too many wrong passwords from the same address");
    addIfMissing(
        responses,
        "503",
        "The database or the broker is not available, or API_MAX_READS requests are reading");
    for (Entry<String, APIResponse> response : responses.getAPIResponses().entrySet()) {
      if (isError(response.getKey())) {
        describeProblem(response.getValue());
      }
    }
  }

  private static void addIfMissing(APIResponses responses, String status, String description) {
    if (responses.getAPIResponse(status) == null) {
      responses.addAPIResponse(status, OASFactory.createAPIResponse().description(description));
    }
  }

  private static boolean isError(String status) {
    return status.startsWith("4") || status.startsWith("5");
  }

  /** Sets the media type and the schema; keeps examples that the resource gives. */
  private static void describeProblem(APIResponse response) {
    if (response.getContent() == null) {
      response.setContent(OASFactory.createContent());
    }
    Content content = response.getContent();
    if (content.getMediaType(Problem.MEDIA_TYPE) == null) {
      content.addMediaType(Problem.MEDIA_TYPE, OASFactory.createMediaType());
    }
    MediaType problem = content.getMediaType(Problem.MEDIA_TYPE);
    problem.setSchema(OASFactory.createSchema().ref(PROBLEM_SCHEMA));
  }
}
