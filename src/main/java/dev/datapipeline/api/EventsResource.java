package dev.datapipeline.api;

import dev.datapipeline.http.Parameters;
import dev.datapipeline.http.Problem;
import dev.datapipeline.storage.read.EventFilter;
import dev.datapipeline.storage.read.EventReader;
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
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.ExampleObject;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/** Stored events, for reading. */
@Path("events")
@ApplicationScoped
@Tag(name = "Reading")
public class EventsResource {
  public static final String NDJSON = "application/x-ndjson";
  static final String CSV = "text/csv";

  private static final int MAX_PAGE = 10_000;
  private static final Pattern AFTER = Pattern.compile("(-?\\d{1,18})-(\\d{1,18})");
  private static final String EXAMPLE =
      """
      {"id":2,"timestamp":"2026-01-15T10:17:17.817Z","topic":"sensor_data","partition":1,"offset":0,\
      "payload":{"sensor":"humidity-1","value":45.0,"unit":"%"}}""";

  @Inject private EventReader reader;

  /**
   * Returns a page of events, the latest first.
   *
   * @param query which events
   * @param after where the page before ended, from its {@code next}; null for the first page
   * @param limit how many, 1 to 10000; 100 if null
   * @param uri of this request
   * @return the events and the address of the next page
   */
  @GET
  @Produces(MediaType.APPLICATION_JSON)
  @Operation(
      summary = "Events, the latest first",
      description =
          "In falling order of timestamp and id. The answer's next leads to the next page.")
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
  @APIResponse(
      responseCode = "400",
      description = "a parameter cannot be used",
      content = @Content(mediaType = Problem.MEDIA_TYPE))
  @APIResponse(
      responseCode = "503",
      description = "the database is away, or the query takes too long",
      content = @Content(mediaType = Problem.MEDIA_TYPE))
  public Response list(
      @BeanParam EventQuery query,
      @QueryParam("after") @Parameter(description = "where the page before ended") String after,
      @QueryParam("limit") @Parameter(description = "1 to 10000", example = "100") String limit,
      @Context UriInfo uri) {
    int max = Parameters.limit(limit, 100, MAX_PAGE);
    List<RawEvent> events = reader.latest(query.filter(), position(after), max);
    EventFormat format = new EventFormat(reader.positions());
    String next =
        events.size() < max
            ? ""
            : ",\"next\":"
                + Json.createValue(
                    uri.getRequestUriBuilder()
                        .scheme(null)
                        .host(null)
                        .port(-1)
                        .replaceQueryParam("after", cursor(events.get(events.size() - 1)))
                        .build()
                        .toString());
    return json(
        events.stream().map(format::json).collect(Collectors.joining(",\n", "{\"events\":[", "]"))
            + next
            + "}");
  }

  static Response json(String entity) {
    return Response.ok(entity, MediaType.APPLICATION_JSON_TYPE)
        .header(HttpHeaders.CACHE_CONTROL, "no-store")
        .build();
  }

  private static String cursor(RawEvent event) {
    return ChronoUnit.MICROS.between(Instant.EPOCH, event.getTimestamp()) + "-" + event.getId();
  }

  private static EventReader.Position position(String after) {
    if (after == null) {
      return null;
    }
    Matcher matcher = AFTER.matcher(after);
    if (!matcher.matches()) {
      throw Parameters.bad("after", "what a page's next says", after);
    }
    return new EventReader.Position(
        Parameters.ofMicros(Long.parseLong(matcher.group(1))), Long.parseLong(matcher.group(2)));
  }

  /**
   * Returns one event.
   *
   * @param id its number
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
  @APIResponse(
      responseCode = "404",
      description = "there is no such event",
      content = @Content(mediaType = Problem.MEDIA_TYPE))
  public Response show(@PathParam("id") String id) {
    long number = Parameters.number("id", id, 0, 0, Long.MAX_VALUE);
    Optional<RawEvent> event = reader.find(number);
    return event
        .map(found -> json(new EventFormat(reader.positions()).json(found)))
        .orElseThrow(() -> Problem.of(Status.NOT_FOUND, "there is no event " + number).exception());
  }

  /**
   * Streams all events, an object a line.
   *
   * @param query which events
   * @return the stream, in the order of storing
   */
  @GET
  @Path("export.ndjson")
  @Produces(NDJSON)
  @Operation(
      summary = "All events as NDJSON",
      description =
          "A stream of any size, in the order of storing, of what is stored at its beginning.")
  @APIResponse(
      responseCode = "200",
      content =
          @Content(mediaType = NDJSON, examples = @ExampleObject(name = "lines", value = EXAMPLE)))
  public Response ndjson(@BeanParam EventQuery query) {
    EventFormat format = new EventFormat(reader.positions());
    return export(query.filter(), "", event -> format.json(event) + "\n", NDJSON, "events.ndjson");
  }

  /**
   * Streams all events, a row each.
   *
   * @param query which events
   * @return the stream, in the order of storing
   */
  @GET
  @Path("export.csv")
  @Produces(CSV)
  @Operation(
      summary = "All events as CSV",
      description = "As the NDJSON export, in the format of RFC 4180 with a header.")
  @APIResponse(
      responseCode = "200",
      content =
          @Content(
              mediaType = CSV,
              examples =
                  @ExampleObject(
                      name = "rows",
                      value =
                          "id,timestamp,topic,partition,offset,payload\r\n"
                              + "2,2026-01-15T10:17:17.817Z,sensor_data,1,0,\"{\"\"value\"\":45.0}\"")))
  public Response csv(@BeanParam EventQuery query) {
    EventFormat format = new EventFormat(reader.positions());
    return export(
        query.filter(), EventFormat.CSV_HEADER, format::csv, CSV + ";charset=utf-8", "events.csv");
  }

  private Response export(
      EventFilter filter,
      String header,
      Function<RawEvent, String> line,
      String type,
      String fileName) {
    StreamingOutput stream =
        output -> {
          Writer writer =
              new BufferedWriter(new OutputStreamWriter(output, StandardCharsets.UTF_8));
          writer.write(header);
          try {
            reader.export(filter, page -> write(writer, page, line));
          } catch (UncheckedIOException e) {
            throw new WebApplicationException(e.getCause());
          }
          writer.flush();
        };
    return Response.ok(stream, type)
        .header(HttpHeaders.CACHE_CONTROL, "no-store")
        .header(HttpHeaders.CONTENT_DISPOSITION, "attachment; filename=\"" + fileName + "\"")
        .build();
  }

  private static void write(Writer writer, List<RawEvent> page, Function<RawEvent, String> line) {
    try {
      for (RawEvent event : page) {
        writer.write(line.apply(event));
      }
      writer.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
