package dev.datapipeline.api.intake;

import jakarta.json.Json;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * CloudEvents 1.0 over HTTP. One in binary mode is stored as the same event in structured mode, so
 * that its attributes are in the payload, too.
 */
final class CloudEvent {
  static final String STRUCTURED = "application/cloudevents+json";
  static final String BATCH = "application/cloudevents-batch+json";
  static final String HEADER_PREFIX = "ce-";

  private static final List<String> REQUIRED = List.of("specversion", "id", "source", "type");

  private CloudEvent() {}

  /** Returns why an event in structured mode is none; null if it is one. */
  static String problem(JsonCheck.Content content) {
    if (!content.isObject()) {
      return "a CloudEvent is an object";
    }
    return problem(content.texts());
  }

  private static String problem(Map<String, String> attributes) {
    for (String name : REQUIRED) {
      if (attributes.getOrDefault(name, "").isEmpty()) {
        return "the CloudEvent has no attribute " + name;
      }
    }
    return attributes.get("specversion").startsWith("1.")
        ? null
        : "only specversion 1.0 of CloudEvents is understood";
  }

  /** Names of the members that {@link #problem} wants to see. */
  static Set<String> required() {
    return Set.copyOf(REQUIRED);
  }

  /**
   * Returns the event in structured mode.
   *
   * @param headers of the request; those that begin with {@code ce-} are attributes
   * @param contentType of the body; null if the request does not say
   * @param body the event's data; may be empty
   * @throws IllegalArgumentException if it is no CloudEvent; the message says why
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
    String problem = problem(attributes);
    if (problem != null) {
      throw new IllegalArgumentException(problem);
    }
    if (contentType != null) {
      attributes.put("datacontenttype", contentType);
    }
    for (String name : attributes.keySet()) {
      if (!name.matches("[a-z0-9]+") || name.equals("data")) {
        throw new IllegalArgumentException("ce-%s is no attribute's name".formatted(name));
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
      // as it was sent: numbers keep their spelling
      event.writeBytes(body);
    }
    event.write('}');
    return event.toByteArray();
  }

  static boolean isJson(String contentType) {
    if (contentType == null) {
      return true;
    }
    String type = contentType.replaceFirst(";.*", "").strip().toLowerCase(Locale.ROOT);
    return type.equals("application/json") || type.equals("text/json") || type.endsWith("+json");
  }

  private static String quoted(String text) {
    return Json.createValue(text).toString();
  }

  /** A header holds ASCII only, so other characters are percent-encoded UTF-8 in it. */
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
