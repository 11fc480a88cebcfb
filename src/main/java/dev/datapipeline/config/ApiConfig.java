package dev.datapipeline.config;

import java.time.Duration;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * What the HTTP API lets whom do, and how much of it at once.
 *
 * @param readAccess who may read data without being the operator
 * @param httpAddress on which of its addresses the machine that runs the container publishes the
 *     port; of no importance outside of a container
 * @param queryTimeout how long one statement of a read may take
 * @param maxEventBytes size of one posted event at the most; the broker must take a record of it
 * @param maxPosts requests that post events at the same time
 * @param maxPostTime how long one request may go on posting
 * @param maxViewers dashboards that may be open at the same time
 * @param acknowledgementTimeout how long the broker's acknowledgement of posted events is waited
 *     for
 */
public record ApiConfig(
    ReadAccess readAccess,
    String httpAddress,
    Duration queryTimeout,
    int maxEventBytes,
    int maxPosts,
    Duration maxPostTime,
    int maxViewers,
    Duration acknowledgementTimeout) {

  /** Who may read data without being the operator. */
  public enum ReadAccess {
    /** Programs on the same machine, and nobody for whom another one speaks. */
    LOOPBACK,
    /**
     * Those of {@link #LOOPBACK}, and programs on the machine that runs the application's
     * container, if its port is published on that machine's loopback interface only.
     */
    HOST,
    /** Nobody. */
    OPERATOR,
    /** Everybody who reaches the port. */
    EVERYONE
  }

  private static final Pattern ADDRESS = Pattern.compile("[0-9a-zA-Z.:%-]{1,64}");
  private static final Pattern READ_ACCESS = Pattern.compile("loopback|host|operator|everyone");

  static ApiConfig from(Settings settings) {
    return new ApiConfig(
        ReadAccess.valueOf(
            settings
                .text("API_READ_ACCESS", READ_ACCESS, "one of loopback, host, operator, everyone")
                .toUpperCase(Locale.ROOT)),
        settings.text("HTTP_ADDRESS", ADDRESS, "an IP address"),
        settings.duration("API_QUERY_TIMEOUT", Duration.ofSeconds(1), Duration.ofHours(1)),
        settings.integer("API_MAX_EVENT_BYTES", 1024, 64 << 20),
        settings.integer("API_MAX_POSTS", 1, 1000),
        settings.duration("API_MAX_POST_TIME", Duration.ofSeconds(1), Duration.ofDays(1)),
        settings.integer("API_MAX_VIEWERS", 0, 10_000),
        settings.duration(
            "API_ACKNOWLEDGEMENT_TIMEOUT", Duration.ofSeconds(1), Duration.ofMinutes(10)));
  }
}
