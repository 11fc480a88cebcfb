package dev.datapipeline.http;

import dev.datapipeline.config.AddressRange;
import dev.datapipeline.config.ApiConfig.ReadAccess;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Decides who may read without credentials.
 *
 * <p>A proxy on this machine forwards requests of callers who may be far away, and they look like
 * requests from this machine. Some can be told apart: by a header, by HTTP 1.0 (the default of
 * nginx for many years), and by the user who runs the proxy. The rest can't, so {@code loopback}
 * isn't for machines that have one, and nobody is trusted once a proxy has been named.
 *
 * @param access the setting {@code API_READ_ACCESS}
 * @param httpAddress the address on which a container's host publishes the port; empty if unknown
 * @param gateway the default gateway, if there is one: inside a container, its host
 * @param behindProxy whether a proxy has been named in {@code HTTP_TRUSTED_PROXIES}
 */
record ReadPolicy(
    ReadAccess access, String httpAddress, Optional<String> gateway, boolean behindProxy) {
  private static final Set<String> OWN_NAMES = Set.of("localhost", "127.0.0.1", "[::1]", "::1");

  /** Headers that proxies add. */
  private static final List<String> PROXY_HEADERS =
      List.of("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP");

  private static final String OLD_PROTOCOL = "HTTP/1.0";

  /** What the decision depends on. */
  interface Request {
    /** Returns the IP address from which the request came. */
    String remoteAddress();

    /** Returns the protocol, such as {@code HTTP/1.1}. */
    String protocol();

    /** Returns a header by its name; null if it is missing. */
    String header(String name);

    /** Returns whether the caller's process belongs to the user who runs this server. */
    boolean isOurs();
  }

  /** Returns whether the caller may read without credentials. */
  boolean allows(Request request) {
    return switch (access) {
      case EVERYONE -> true;
      case OPERATOR -> false;
      case LOOPBACK -> isDirect(request) && isLocal(request);
      case HOST -> isDirect(request) && (isLocal(request) || isHost(request.remoteAddress()));
    };
  }

  /**
   * Returns whether nothing suggests that the request was forwarded, and it names this machine as
   * its host. A page of another site can make its own name resolve to this machine (DNS rebinding),
   * but then the request names that host.
   */
  private boolean isDirect(Request request) {
    return !behindProxy
        && !OLD_PROTOCOL.equals(request.protocol())
        && OWN_NAMES.contains(withoutPort(request.header("Host")))
        && PROXY_HEADERS.stream().allMatch(name -> request.header(name) == null);
  }

  private static boolean isLocal(Request request) {
    return isLoopback(request.remoteAddress()) && request.isOurs();
  }

  private boolean isHost(String address) {
    return isLoopback(httpAddress) && gateway.filter(address::equals).isPresent();
  }

  private static boolean isLoopback(String address) {
    return AddressRange.literal(address).filter(InetAddress::isLoopbackAddress).isPresent();
  }

  private static String withoutPort(String authority) {
    return authority == null ? "" : authority.replaceFirst(":\\d*$", "");
  }
}
