package dev.datapipeline.http;

/** The media types of events that Jakarta REST has no constant for. */
public final class MediaTypes {
  /** Newline-delimited JSON: one document per line. */
  public static final String NDJSON = "application/x-ndjson";

  /** Comma-separated values, as in RFC 4180. */
  public static final String CSV = "text/csv";

  private MediaTypes() {}
}
