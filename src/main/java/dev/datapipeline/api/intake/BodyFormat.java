package dev.datapipeline.api.intake;

import dev.datapipeline.http.MediaTypes;
import java.util.Locale;
import java.util.regex.Pattern;

/** The formats in which a request may carry events. */
enum BodyFormat {
  /** One JSON document, or an array whose elements are the events. */
  JSON,
  /** One JSON document per line. */
  LINES,
  /** One CloudEvent in structured mode, or an array of them. */
  CLOUD_EVENTS,
  /** One CloudEvent in binary mode: its attributes are headers, and the body is its data. */
  BINARY_CLOUD_EVENT;

  static final String APPLICATION_JSON = "application/json";

  /** The value of the header {@code Accept-Post}. */
  static final String ACCEPT_POST =
      String.join(
          ", ", APPLICATION_JSON, MediaTypes.NDJSON, CloudEvent.STRUCTURED, CloudEvent.BATCH);

  private static final Pattern OTHER_CHARSET =
      Pattern.compile(".*;\\s*charset=(?!\"?utf-?8\\b).*", Pattern.CASE_INSENSITIVE);

  /**
   * Recognizes the format of a request.
   *
   * @param contentType the header {@code Content-Type}; null if it is missing
   * @param cloudEventHeaders whether the request has the headers of a CloudEvent in binary mode
   * @throws IllegalArgumentException if the format is not supported; the message says why
   */
  static BodyFormat of(String contentType, boolean cloudEventHeaders) {
    if (cloudEventHeaders) {
      return BINARY_CLOUD_EVENT;
    }
    BodyFormat format =
        switch (withoutParameters(contentType)) {
          case APPLICATION_JSON -> JSON;
          case MediaTypes.NDJSON, "application/ndjson", "application/jsonl" -> LINES;
          case CloudEvent.STRUCTURED, CloudEvent.BATCH -> CLOUD_EVENTS;
          default -> throw new IllegalArgumentException("the body must be one of " + ACCEPT_POST);
        };
    if (OTHER_CHARSET.matcher(contentType).matches()) {
      throw new IllegalArgumentException("the body must be UTF-8");
    }
    return format;
  }

  /** Returns the media type in lower case, without parameters such as {@code charset}. */
  static String withoutParameters(String contentType) {
    return contentType == null
        ? ""
        : contentType.replaceFirst(";.*", "").strip().toLowerCase(Locale.ROOT);
  }

  /** Returns whether each event of the body is a CloudEvent. */
  boolean isCloudEvent() {
    return this == CLOUD_EVENTS || this == BINARY_CLOUD_EVENT;
  }
}
