package dev.datapipeline.http;

import dev.datapipeline.config.ApiConfig.ReadAccess;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * Decides who may read without logging in as the operator.
 *
 * @param access the setting {@code API_READ_ACCESS}
 * @param httpAddress the address on which a container's host publishes the port
 * @param gateway the default gateway, if there is one: inside a container, its host
 */
record ReadPolicy(ReadAccess access, String httpAddress, Optional<String> gateway) {
  private static final Set<String> OWN_NAMES = Set.of("localhost", "127.0.0.1", "[::1]", "::1");

  /** Headers that proxies add. A proxy forwards requests of callers who may be far away. */
  private static final List<String> PROXY_HEADERS =
      List.of("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP");

  /**
   * Returns whether the caller may read.
   *
   * @param remoteAddress the caller's IP address
   * @param headers returns a header of the request by its name; null if it is missing
   */
  boolean allows(String remoteAddress, UnaryOperator<String> headers) {
    return switch (access) {
      case EVERYONE -> true;
      case OPERATOR -> false;
      case LOOPBACK -> isLocal(headers) && isLoopback(remoteAddress);
      case HOST ->
          isLocal(headers)
              && (isLoopback(remoteAddress)
                  || isLoopback(httpAddress) && gateway.filter(remoteAddress::equals).isPresent());
    };
  }

  /**
   * Returns whether the request comes without a proxy and names this machine as its host. A page of
   * another site can make its own name resolve to this machine (DNS rebinding), but then the
   * request names that host.
   */
  private static boolean isLocal(UnaryOperator<String> headers) {
    return OWN_NAMES.contains(withoutPort(headers.apply("Host")))
        && PROXY_HEADERS.stream().allMatch(name -> headers.apply(name) == null);
  }

  private static boolean isLoopback(String address) {
    try {
      // always a literal address, so this never queries DNS
      return address != null && InetAddress.getByName(address).isLoopbackAddress();
    } catch (UnknownHostException e) {
      return false;
    }
  }

  private static String withoutPort(String authority) {
    return authority == null ? "" : authority.replaceFirst(":\\d*$", "");
  }
}
