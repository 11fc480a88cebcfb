package dev.datapipeline.config;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * HTTP API access rules and limits.
 *
 * @param readAccess who may read data without credentials
 * @param httpAddress the address on which the container's host publishes the port; empty if
 *     unknown, as outside a container
 * @param trustedProxies the reverse proxies whose header {@code X-Forwarded-For} is believed
 * @param queryTimeout maximum duration of one SQL statement of a read request, except for exports
 * @param maxReads maximum number of concurrent requests that query the database
 * @param maxEventBytes maximum size of one posted event; the broker must accept records of this
 *     size
 * @param maxPosts maximum number of concurrent requests that post events
 * @param maxPostTime maximum duration of one request that posts events
 * @param maxViewers maximum number of open dashboards
 * @param acknowledgementTimeout maximum time to wait for the broker to acknowledge posted events
 */
public record ApiConfig(
    ReadAccess readAccess,
    String httpAddress,
    List<AddressRange> trustedProxies,
    Duration queryTimeout,
    int maxReads,
    int maxEventBytes,
    int maxPosts,
    Duration maxPostTime,
    int maxViewers,
    Duration acknowledgementTimeout) {

  /**
   * Maximum duration of any SQL statement of a request. {@code server.xml} closes the API's
   * connections a little later.
   */
  public static final Duration LONGEST_STATEMENT = Duration.ofMinutes(5);

  /** The API's connection pool and the server's threads in {@code server.xml} allow for it. */
  static final int MOST_READS = 24;

  /** Who may read data without credentials. */
  public enum ReadAccess {
    /** Programs on the same machine; requests that a proxy forwards don't count. */
    LOOPBACK,
    /**
     * Like {@link #LOOPBACK}. Additionally programs on the host of the application's container, if
     * the host publishes the port on its loopback interface only.
     */
    HOST,
    /** Nobody. Those with the role {@code reader} or {@code operator} may. */
    OPERATOR,
    /** Everybody who can reach the port. */
    EVERYONE
  }

  private static final Pattern ADDRESS = Pattern.compile("[0-9a-zA-Z.:%-]{0,64}");
  private static final Pattern READ_ACCESS = Pattern.compile("loopback|host|operator|everyone");

  static ApiConfig from(Settings settings) {
    ApiConfig config = read(settings);
    if (config.readAccess == ReadAccess.HOST && config.httpAddress.isEmpty()) {
      // who publishes a container's port to the network must not open the data to it unawares
      throw new InvalidSettingException(
          "HTTP_ADDRESS",
          "",
          "set if API_READ_ACCESS is host: the address on which the port is published");
    }
    return config;
  }

  private static List<AddressRange> trustedProxies(Settings settings) {
    return settings.list(
        "HTTP_TRUSTED_PROXIES",
        AddressRange::parse,
        "IP addresses or ranges such as 10.0.0.0/8, separated by commas");
  }

  private static ApiConfig read(Settings settings) {
    return new ApiConfig(
        ReadAccess.valueOf(
            settings
                .text("API_READ_ACCESS", READ_ACCESS, "one of loopback, host, operator, everyone")
                .toUpperCase(Locale.ROOT)),
        settings.text("HTTP_ADDRESS", ADDRESS, "an IP address"),
        trustedProxies(settings),
        settings.duration("API_QUERY_TIMEOUT", Duration.ofSeconds(1), LONGEST_STATEMENT),
        settings.integer("API_MAX_READS", 1, MOST_READS),
        settings.integer("API_MAX_EVENT_BYTES", 1024, 64 << 20),
        settings.integer("API_MAX_POSTS", 1, 1000),
        settings.duration("API_MAX_POST_TIME", Duration.ofSeconds(1), Duration.ofDays(1)),
        settings.integer("API_MAX_VIEWERS", 0, 10_000),
        settings.duration(
            "API_ACKNOWLEDGEMENT_TIMEOUT", Duration.ofSeconds(1), Duration.ofMinutes(10)));
  }
}
