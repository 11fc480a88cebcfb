package dev.datapipeline.api.live;

import dev.datapipeline.http.JsonResponse;
import dev.datapipeline.http.Parameters;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
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

/** Answers with the numbers of the last hours, which the instance keeps in memory. */
@Path("history")
@ApplicationScoped
@Tag(name = "Reading")
public class HistoryResource {
  private static final String EXAMPLE =
      """
      {"range":"1h","stepMillis":10000,"maxSamples":360,"samples":[{"t":1768472237817,"sent":1,\
      "stored":1,"dead":0,"in":1,"lag":{"sensor_data-0":0},"lagTotal":0,"partitions":1,\
      "up":{"database":true,"broker":true,"consumer":true,"producer":true}}]}""";

  @Inject private LiveFeed feed;

  /**
   * Returns the samples of a range, oldest first.
   *
   * @param range {@code 1h}, {@code 6h} or {@code 24h}; {@code 1h} if null
   * @return the samples, and the time between two of them
   */
  @GET
  @Produces(MediaType.APPLICATION_JSON)
  @Operation(
      summary = "Rates, latency and lag of the last hours",
      description =
          "In the format of the live stream's samples. Each one stands for stepMillis: rates, the"
              + " median and the batch size are means, p99 and the lag are the largest ones, and a"
              + " part is up if it was up all the time.")
  @APIResponse(
      responseCode = "200",
      content =
          @Content(
              mediaType = MediaType.APPLICATION_JSON,
              examples = @ExampleObject(name = "history", value = EXAMPLE)))
  public Response history(
      @QueryParam("range") @Parameter(description = "1h, 6h or 24h", example = "1h") String range) {
    String name = range == null ? "1h" : range;
    return JsonResponse.ok(
        feed.history(name).orElseThrow(() -> Parameters.bad("range", "one of 1h, 6h, 24h", name)));
  }
}
