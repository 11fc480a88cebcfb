package dev.datapipeline.http;

import dev.datapipeline.config.AddressRange;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Finds a client's address behind reverse proxies. A proxy appends the address of its own client to
 * the header {@code X-Forwarded-For}. What stands before that comes from the client, who may write
 * anything. So only entries of trusted proxies count, read from the last one on.
 */
final class ClientAddress {
  static final String HEADER = "X-Forwarded-For";

  private final List<AddressRange> trustedProxies;

  /**
   * Creates a finder.
   *
   * @param trustedProxies the addresses of the proxies whose header is believed
   */
  ClientAddress(List<AddressRange> trustedProxies) {
    this.trustedProxies = trustedProxies;
  }

  /**
   * Returns the client's address.
   *
   * @param peer the address from which the request came
   * @param headers all headers {@value #HEADER} of the request, in their order
   */
  InetAddress find(InetAddress peer, List<String> headers) {
    List<String> entries = new ArrayList<>();
    headers.forEach(header -> entries.addAll(List.of(header.split(","))));
    InetAddress client = peer;
    for (int i = entries.size() - 1; i >= 0 && isTrusted(client); i--) {
      Optional<InetAddress> before = AddressRange.literal(withoutPort(entries.get(i).strip()));
      if (before.isEmpty()) {
        return client;
      }
      client = before.get();
    }
    return client;
  }

  private boolean isTrusted(InetAddress address) {
    return trustedProxies.stream().anyMatch(range -> range.contains(address));
  }

  /** Some proxies add the port: {@code 192.0.2.1:1234} or {@code [2001:db8::1]:1234}. */
  private static String withoutPort(String entry) {
    if (entry.startsWith("[")) {
      return entry.replaceFirst("^\\[(.*)](:\\d*)?$", "$1");
    }
    return entry.replaceFirst("^([^:]*):\\d*$", "$1");
  }
}
