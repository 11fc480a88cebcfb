package dev.datapipeline.api;

import dev.datapipeline.http.Parameters;
import dev.datapipeline.storage.read.EventFilter;
import dev.datapipeline.storage.read.Timestamps;
import jakarta.ws.rs.QueryParam;
import java.time.OffsetDateTime;
import org.eclipse.microprofile.openapi.annotations.parameters.Parameter;

/** Reads the query parameters that select events. */
public class EventQuery {
  @QueryParam("from")
  @Parameter(description = "the earliest timestamp", example = "2026-01-15T10:00:00Z")
  private String from;

  @QueryParam("to")
  @Parameter(description = "only events before this timestamp", example = "2026-01-15T11:00:00Z")
  private String to;

  @QueryParam("topic")
  @Parameter(description = "only events of this topic", example = "sensor_data")
  private String topic;

  @QueryParam("path")
  @Parameter(
      description = "a location in the payload, as in RFC 9535; requires value",
      example = "$.sensor")
  private String path;

  @QueryParam("value")
  @Parameter(description = "the payload's value at path, as text", example = "temperature-1")
  private String value;

  @QueryParam("text")
  @Parameter(
      description = "what the payload must contain, in upper or lower case",
      example = "humidity")
  private String text;

  /** Returns the filter for these parameters. */
  EventFilter filter() {
    if ((path == null) != (value == null)) {
      throw Parameters.bad("path", "given together with value", String.valueOf(path));
    }
    return new EventFilter(
        time("from", from),
        time("to", to),
        Parameters.text("topic", topic),
        path == null ? null : textArray(),
        Parameters.text("value", value),
        Parameters.text("text", text));
  }

  private static OffsetDateTime time(String name, String value) {
    OffsetDateTime time = Parameters.time(name, value);
    if (time != null && !Timestamps.isPossible(time)) {
      throw Parameters.bad(name, "a time between 4714-11-24 BC and the year 294276", value);
    }
    return time;
  }

  private String textArray() {
    try {
      return JsonPath.parse(Parameters.text("path", path)).asTextArray();
    } catch (IllegalArgumentException e) {
      throw Parameters.bad("path", "such as $.sensor or $.readings[0]['a b']", path);
    }
  }
}
