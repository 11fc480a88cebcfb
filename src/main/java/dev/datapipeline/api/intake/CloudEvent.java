package dev.datapipeline.api.intake;

import jakarta.json.Json;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Validates CloudEvents 1.0, and converts one in binary mode to structured mode, so that its
 * attributes become part of the payload.
 */
final class CloudEvent {
  static final String STRUCTURED = "application/cloudevents+json";
  static final String BATCH = "application/cloudevents-batch+json";
  static final String HEADER_PREFIX = "ce-";

  /** The names of the attributes that every CloudEvent must have. */
  static final List<String> REQUIRED = List.of("specversion", "id", "source", "type");

  private CloudEvent() {}

  /**
   * Checks an event in structured mode.
   *
   * @param content the event, with the members {@link #REQUIRED}
   * @return why it is not a valid CloudEvent; empty if it is valid
   */
  static Optional<String> problem(JsonCheck.Content content) {
    return content.isObject()
        ? problem(content.texts())
        : Optional.of("a CloudEvent must be a JSON object");
  }

  private static Optional<String> problem(Map<String, String> attributes) {
    for (String name : REQUIRED) {
      if (attributes.getOrDefault(name, "").isEmpty()) {
        return Optional.of("the CloudEvent has no attribute " + name);
      }
    }
    return attributes.get("specversion").startsWith("1.")
        ? Optional.empty()
        : Optional.of("only CloudEvents specversion 1.0 is supported");
  }

  /**
   * Converts an event from binary mode to structured mode.
   *
   * @param headers the request's headers; those that begin with {@code ce-} are attributes
   * @param contentType the media type of the body; null if it is missing
   * @param body the event's data; may be empty
   * @return the event as JSON
   * @throws IllegalArgumentException if it is not a valid CloudEvent; the message says why
   */
  static byte[] structured(Map<String, String> headers, String contentType, byte[] body) {
    SortedMap<String, String> attributes = new TreeMap<>();
    headers.forEach(
        (name, value) -> {
          String lower = name.toLowerCase(Locale.ROOT);
          if (lower.startsWith(HEADER_PREFIX)) {
            attributes.put(lower.substring(HEADER_PREFIX.length()), decoded(value));
          }
        });
    Optional<String> problem = problem(attributes);
    if (problem.isPresent()) {
      throw new IllegalArgumentException(problem.get());
    }
    if (contentType != null) {
      attributes.put("datacontenttype", contentType);
    }
    for (String name : attributes.keySet()) {
      if (!name.matches("[a-z0-9]+") || name.equals("data")) {
        throw new IllegalArgumentException("ce-%s is not a valid attribute name".formatted(name));
      }
    }
    ByteArrayOutputStream event = new ByteArrayOutputStream(body.length + 512);
    StringBuilder start = new StringBuilder("{");
    attributes.forEach(
        (name, value) ->
            start.append('"').append(name).append("\":").append(quoted(value)).append(','));
    if (body.length == 0) {
      start.setLength(start.length() - 1);
    } else if (isJson(contentType)) {
      start.append("\"data\":");
    } else {
      start.append("\"data_base64\":").append(quoted(Base64.getEncoder().encodeToString(body)));
    }
    event.writeBytes(start.toString().getBytes(StandardCharsets.UTF_8));
    if (body.length > 0 && isJson(contentType)) {
      // copied byte for byte, so that numbers keep their spelling
      event.writeBytes(body);
    }
    event.write('}');
    return event.toByteArray();
  }

  /**
   * Returns whether the data of an event are JSON.
   *
   * @param contentType the media type of the data; null, which means JSON, if it is missing
   */
  static boolean isJson(String contentType) {
    String type = BodyFormat.withoutParameters(contentType);
    return contentType == null
        || type.equals(BodyFormat.APPLICATION_JSON)
        || type.equals("text/json")
        || type.endsWith("+json");
  }

  private static String quoted(String text) {
    return Json.createValue(text).toString();
  }

  /** Decodes a header. Headers are ASCII, so other characters are percent-encoded UTF-8. */
  private static String decoded(String value) {
    if (value.indexOf('%') < 0) {
      return value;
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (int i = 0; i < value.length(); i++) {
      int hex = value.charAt(i) == '%' && i + 2 < value.length() ? hex(value, i + 1) : -1;
      if (hex >= 0) {
        bytes.write(hex);
        i += 2;
      } else {
        bytes.writeBytes(String.valueOf(value.charAt(i)).getBytes(StandardCharsets.UTF_8));
      }
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }

  private static int hex(String value, int at) {
    int high = Character.digit(value.charAt(at), 16);
    int low = Character.digit(value.charAt(at + 1), 16);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
  }
}
