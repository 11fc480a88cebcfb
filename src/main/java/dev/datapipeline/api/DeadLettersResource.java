package dev.datapipeline.api;

import dev.datapipeline.http.JsonResponse;
import dev.datapipeline.http.Parameters;
import dev.datapipeline.http.Problem;
import dev.datapipeline.storage.read.DeadLetter;
import dev.datapipeline.storage.read.DeadLetterRepository;
import dev.datapipeline.storage.read.EventReader;
import dev.datapipeline.storage.read.Page;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonObjectBuilder;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.Response.Status;
import java.util.List;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.ExampleObject;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/** Lists, shows and replays dead letters. */
@Path("dead-letters")
@ApplicationScoped
@Produces(MediaType.APPLICATION_JSON)
@Tag(name = "Dead letters")
public class DeadLettersResource {
  private static final int MAX_PAGE = 1000;
  private static final String EXAMPLE =
      """
      {"id":1,"receivedAt":"2026-01-15T10:17:17.817Z","timestamp":"2026-01-15T10:17:17.801Z",\
      "topic":"sensor_data","partition":1,"offset":7,"reason":"invalid input syntax for type json",\
      "sqlstate":"22P02","key":null,"payload":"not json"}""";
  private static final String REPLAYED =
      """
      {"replayed":1,"failed":1,"letters":[{"id":1,"replayed":true},\
      {"id":2,"replayed":false,"message":"invalid input syntax for type json"}]}""";

  @Inject private DeadLetterRepository deadLetters;
  @Inject private EventReader reader;

  /**
   * Returns a page of dead letters, newest first.
   *
   * @param state {@code waiting}, {@code replayed} or {@code all}; {@code waiting} if null
   * @param topic only dead letters of this topic; null for all topics
   * @param before only dead letters with a smaller id; null for the first page
   * @param limit the page size, 1 to 1000; 100 if null
   * @return the dead letters and, unless this is the last page, {@code nextBefore}
   */
  @GET
  @Operation(summary = "Dead letters, newest first")
  @APIResponse(
      responseCode = "200",
      content =
          @Content(
              mediaType = MediaType.APPLICATION_JSON,
              examples =
                  @ExampleObject(name = "page", value = "{\"deadLetters\":[" + EXAMPLE + "]}")))
  public Response list(
      @QueryParam("state") @Parameter(description = "waiting (default), replayed or all")
          String state,
      @QueryParam("topic") String topic,
      @QueryParam("before") @Parameter(description = "an id") String before,
      @QueryParam("limit") @Parameter(description = "1 to 1000", example = "100") String limit) {
    int max = Parameters.limit(limit, 100, MAX_PAGE);
    Page<DeadLetter> letters =
        deadLetters.list(
            replayed(state),
            Parameters.text("topic", topic),
            before == null ? null : Parameters.id("before", before),
            max);
    RowFormat format = new RowFormat(reader.positions());
    JsonArrayBuilder array = Json.createArrayBuilder();
    letters.rows().forEach(letter -> array.add(format.json(letter)));
    JsonObjectBuilder answer = Json.createObjectBuilder().add("deadLetters", array);
    if (letters.more()) {
      answer.add("nextBefore", letters.last().getId());
    }
    return JsonResponse.stream(answer.build());
  }

  /** Returns whether to list the replayed dead letters or the others; null for both. */
  private static Boolean replayed(String state) {
    return switch (state == null ? "waiting" : state) {
      case "waiting" -> Boolean.FALSE;
      case "replayed" -> Boolean.TRUE;
      case "all" -> null;
      default -> throw Parameters.bad("state", "one of waiting, replayed, all", state);
    };
  }

  /**
   * Returns one dead letter.
   *
   * @param id the dead letter's id
   * @return the dead letter
   */
  @GET
  @Path("{id}")
  @Operation(summary = "One dead letter")
  @APIResponse(
      responseCode = "200",
      content =
          @Content(
              mediaType = MediaType.APPLICATION_JSON,
              examples = @ExampleObject(name = "letter", value = EXAMPLE)))
  @APIResponse(responseCode = "404", description = "there is no such dead letter")
  public Response show(@PathParam("id") String id) {
    DeadLetter letter = find(id);
    return JsonResponse.stream(new RowFormat(reader.positions()).json(letter));
  }

  private DeadLetter find(String id) {
    long number = Parameters.id("id", id);
    return deadLetters
        .find(number)
        .orElseThrow(
            () -> Problem.of(Status.NOT_FOUND, "there is no dead letter " + number).exception());
  }

  /**
   * Tries again to store one dead letter in {@code raw_events}.
   *
   * @param id the dead letter's id
   * @return the result
   */
  @POST
  @Path("{id}/replay")
  @Operation(
      summary = "Replay one dead letter",
      description = "Skips a dead letter that was already replayed: replayed and failed are 0.")
  @APIResponse(
      responseCode = "200",
      content =
          @Content(
              mediaType = MediaType.APPLICATION_JSON,
              examples =
                  @ExampleObject(
                      name = "replayed",
                      value =
                          "{\"replayed\":1,\"failed\":0,\"letters\":[{\"id\":1,\"replayed\":true}]}")))
  public Response replay(@PathParam("id") String id) {
    return answer(deadLetters.replay(List.of(find(id).getId()), null));
  }

  /**
   * Tries again to store all waiting dead letters in {@code raw_events}.
   *
   * @param reasonLike a LIKE pattern that the reason must match; null for all waiting dead letters
   * @return the result for each of them
   */
  @POST
  @Path("replay")
  @Operation(
      summary = "Replay all waiting dead letters",
      description = "Runs in one transaction. What PostgreSQL still rejects stays a dead letter.")
  @APIResponse(
      responseCode = "200",
      content =
          @Content(
              mediaType = MediaType.APPLICATION_JSON,
              examples = @ExampleObject(name = "replayed", value = REPLAYED)))
  public Response replayAll(
      @QueryParam("reasonLike")
          @Parameter(description = "a LIKE pattern for the reason", example = "%too large%")
          String reasonLike) {
    return answer(deadLetters.replay(null, Parameters.text("reasonLike", reasonLike)));
  }

  private static Response answer(List<DeadLetterRepository.Replay> replays) {
    JsonArrayBuilder letters = Json.createArrayBuilder();
    long replayed = 0;
    for (DeadLetterRepository.Replay replay : replays) {
      JsonObjectBuilder letter =
          Json.createObjectBuilder().add("id", replay.id()).add("replayed", replay.replayed());
      if (replay.message() != null) {
        letter.add("message", replay.message());
      }
      letters.add(letter);
      replayed += replay.replayed() ? 1 : 0;
    }
    return JsonResponse.ok(
        Json.createObjectBuilder()
            .add("replayed", replayed)
            .add("failed", replays.size() - replayed)
            .add("letters", letters)
            .build());
  }
}
