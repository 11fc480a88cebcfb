package dev.datapipeline.api;

import dev.datapipeline.http.JsonResponse;
import dev.datapipeline.http.MediaTypes;
import dev.datapipeline.http.Parameters;
import dev.datapipeline.http.Problem;
import dev.datapipeline.storage.read.EventFilter;
import dev.datapipeline.storage.read.EventReader;
import dev.datapipeline.storage.read.Page;
import dev.datapipeline.storage.read.RawEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import jakarta.json.Json;
import jakarta.ws.rs.BeanParam;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.Response.Status;
import jakarta.ws.rs.core.StreamingOutput;
import jakarta.ws.rs.core.UriInfo;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.ExampleObject;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/** Lists, shows and exports stored events. */
@Path("events")
@ApplicationScoped
@Tag(name = "Reading")
public class EventsResource {
  private static final int MAX_PAGE = 10_000;
  private static final String EXAMPLE =
      """
      {"id":2,"timestamp":"2026-01-15T10:17:17.817Z","topic":"sensor_data","partition":1,"offset":0,\
      "payload":{"sensor":"humidity-1","value":45.0,"unit":"%"}}""";

  private static final String ORIGIN =
      """
      {"id":2,"timestamp":"2026-01-15T10:17:17.817Z","topic":"sensor_data",\
      "topicId":"20af43b1-add6-43d0-9c1c-917128304987","partition":1,"incarnation":0,"offset":0,\
      "nextOffset":750,"updatedAt":"2026-01-15T10:20:03.107Z",\
      "committedAt":"2026-01-15T10:17:17.829Z"}""";

  @Inject private EventReader reader;

  /**
   * Returns a page of events, latest first.
   *
   * @param query selects the events
   * @param after the end of the previous page, from its {@code next}; null for the first page
   * @param limit the page size, 1 to 10000; 100 if null
   * @param preview whether payloads are text, cut off after 2000 characters; false if null
   * @param uri the address of this request
   * @return the events and, unless this is the last page, the address of the next one
   */
  @GET
  @Produces(MediaType.APPLICATION_JSON)
  @Operation(
      summary = "Events, latest first",
      description =
          "In descending order of timestamp and id. The answer's next is the address of the next page."
              + " A page ends before its limit if its payloads exceed 4 MiB.")
  @APIResponse(
      responseCode = "200",
      content =
          @Content(
              mediaType = MediaType.APPLICATION_JSON,
              examples =
                  @ExampleObject(
                      name = "page",
                      value =
                          "{\"events\":["
                              + EXAMPLE
                              + "],\"next\":\"/api/events?limit=1&after=1768472237817000-2\"}")))
  @APIResponse(responseCode = "400", description = "a parameter is invalid")
  @APIResponse(
      responseCode = "503",
      description = "the database is not available, or the query takes too long")
  public Response list(
      @BeanParam EventQuery query,
      @QueryParam("after") @Parameter(description = "the end of the previous page") String after,
      @QueryParam("limit") @Parameter(description = "1 to 10000", example = "100") String limit,
      @QueryParam("preview")
          @Parameter(description = "true: payloads are text, at most 2000 characters")
          String preview,
      @Context UriInfo uri) {
    int max = Parameters.limit(limit, 100, MAX_PAGE);
    boolean cut = Parameters.flag("preview", preview);
    Page<RawEvent> events = reader.latest(query.filter(), EventCursor.parse(after), max);
    RowFormat format = new RowFormat(reader.positions());
    String next =
        events.more() ? ",\"next\":" + Json.createValue(nextPage(uri, events.last())) : "";
    // written as text, because a JSON builder would change the spelling of numbers in the payload
    return JsonResponse.stream(
        writer -> {
          writer.write("{\"events\":");
          String separator = "[";
          for (RawEvent event : events.rows()) {
            writer.write(separator);
            if (cut) {
              writer.write(format.preview(event).toString());
            } else {
              format.json(event, writer);
            }
            separator = ",\n";
          }
          writer.write((events.rows().isEmpty() ? "[]" : "]") + next + "}");
        });
  }

  private static String nextPage(UriInfo uri, RawEvent last) {
    return uri.getRequestUriBuilder()
        .scheme(null)
        .host(null)
        .port(-1)
        .replaceQueryParam("after", EventCursor.after(last))
        .build()
        .toString();
  }

  /**
   * Returns one event.
   *
   * @param id the event's id
   * @return the event
   */
  @GET
  @Path("{id}")
  @Produces(MediaType.APPLICATION_JSON)
  @Operation(summary = "One event")
  @APIResponse(
      responseCode = "200",
      content =
          @Content(
              mediaType = MediaType.APPLICATION_JSON,
              examples = @ExampleObject(name = "event", value = EXAMPLE)))
  @APIResponse(responseCode = "404", description = "there is no such event")
  public Response show(@PathParam("id") String id) {
    RawEvent event = find(id);
    RowFormat format = new RowFormat(reader.positions());
    return JsonResponse.stream(writer -> format.json(event, writer));
  }

  /**
   * Returns one event's payload.
   *
   * @param id the event's id
   * @return the payload as it was sent, byte for byte
   */
  @GET
  @Path("{id}/payload")
  @Produces(MediaType.APPLICATION_JSON)
  @Operation(summary = "The payload of one event, byte for byte")
  @APIResponse(
      responseCode = "200",
      content =
          @Content(
              mediaType = MediaType.APPLICATION_JSON,
              examples = @ExampleObject(name = "payload", value = "{\"value\":  45.0}")))
  @APIResponse(responseCode = "404", description = "there is no such event")
  public Response payload(@PathParam("id") String id) {
    String payload = find(id).getPayload();
    return JsonResponse.stream(writer -> writer.write(payload));
  }

  /**
   * Returns what is known about an event's way: where and when.
   *
   * @param id the event's id
   * @return its place in Kafka, its times, and how far its partition is stored now
   */
  @GET
  @Path("{id}/origin")
  @Produces(MediaType.APPLICATION_JSON)
  @Operation(
      summary = "Where one event came from, and when it was stored",
      description =
          "committedAt is there only if the database records commit times"
              + " (track_commit_timestamp). nextOffset and updatedAt are the partition's position"
              + " now.")
  @APIResponse(
      responseCode = "200",
      content =
          @Content(
              mediaType = MediaType.APPLICATION_JSON,
              examples = @ExampleObject(name = "origin", value = ORIGIN)))
  @APIResponse(responseCode = "404", description = "there is no such event")
  public Response origin(@PathParam("id") String id) {
    RawEvent event = find(id);
    return JsonResponse.ok(
        new RowFormat(reader.positions())
            .origin(event, reader.committedAt(event.getId()).orElse(null)));
  }

  private RawEvent find(String id) {
    long number = Parameters.id("id", id);
    return reader
        .find(number)
        .orElseThrow(() -> Problem.of(Status.NOT_FOUND, "there is no event " + number).exception());
  }

  /**
   * Streams all selected events, one JSON object per line.
   *
   * @param query selects the events
   * @return the stream, in the order of storing
   */
  @GET
  @Path("export.ndjson")
  @Produces(MediaTypes.NDJSON)
  @Operation(
      summary = "All events as NDJSON",
      description =
          "A stream of any size, in the order of storing. It contains the events that are stored when it starts.")
  @APIResponse(
      responseCode = "200",
      content =
          @Content(
              mediaType = MediaTypes.NDJSON,
              examples = @ExampleObject(name = "lines", value = EXAMPLE)))
  public Response ndjson(@BeanParam EventQuery query) {
    RowFormat format = new RowFormat(reader.positions());
    return export(
        query.filter(),
        "",
        (event, writer) -> {
          format.json(event, writer);
          writer.write('\n');
        },
        MediaTypes.NDJSON,
        "events.ndjson");
  }

  /**
   * Streams all selected events, one row per event.
   *
   * @param query selects the events
   * @return the stream, in the order of storing
   */
  @GET
  @Path("export.csv")
  @Produces(MediaTypes.CSV)
  @Operation(
      summary = "All events as CSV",
      description = "The same as the NDJSON export, in the format of RFC 4180 with a header.")
  @APIResponse(
      responseCode = "200",
      content =
          @Content(
              mediaType = MediaTypes.CSV,
              examples =
                  @ExampleObject(
                      name = "rows",
                      value =
                          "id,timestamp,topic,partition,offset,payload\r\n"
                              + "2,2026-01-15T10:17:17.817Z,sensor_data,1,0,\"{\"\"value\"\":45.0}\"")))
  public Response csv(@BeanParam EventQuery query) {
    RowFormat format = new RowFormat(reader.positions());
    return export(
        query.filter(),
        RowFormat.CSV_HEADER,
        format::csv,
        MediaTypes.CSV + ";charset=utf-8",
        "events.csv");
  }

  private Response export(
      EventFilter filter, String header, EventWriter line, String type, String fileName) {
    StreamingOutput stream =
        output -> {
          Writer writer =
              new BufferedWriter(new OutputStreamWriter(output, StandardCharsets.UTF_8));
          writer.write(header);
          try {
            reader.export(filter, page -> write(writer, page, line));
          } catch (IOException e) {
            throw new WebApplicationException(e);
          }
          writer.flush();
        };
    return Response.ok(stream, type)
        .header(HttpHeaders.CACHE_CONTROL, "no-store")
        .header(HttpHeaders.CONTENT_DISPOSITION, "attachment; filename=\"" + fileName + "\"")
        .build();
  }

  /** Writes one event. */
  private interface EventWriter {
    void write(RawEvent event, Writer writer) throws IOException;
  }

  private static void write(Writer writer, List<RawEvent> page, EventWriter line)
      throws IOException {
    for (RawEvent event : page) {
      line.write(event, writer);
    }
    writer.flush();
  }
}
