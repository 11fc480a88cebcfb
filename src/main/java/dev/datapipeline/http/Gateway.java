package dev.datapipeline.http;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Finds the network's default gateway. In a container on a bridge network, the gateway is the
 * container's host: requests from the host to a published port come from this address, while other
 * containers send from their own addresses.
 */
final class Gateway {
  private static final Path ROUTES = Path.of("/proc/net/route");
  private static final String ANYWHERE = "00000000";

  private Gateway() {}

  /** Returns the gateway's IPv4 address; empty if there is none, or if this is not Linux. */
  static Optional<String> address() {
    try {
      return address(Files.readAllLines(ROUTES, StandardCharsets.US_ASCII));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /**
   * Finds the gateway in the kernel's routing table.
   *
   * @param routes a header, then one route per line: interface, destination and gateway, with
   *     addresses in hexadecimal
   * @return the gateway's IPv4 address; empty if there is no default route
   */
  static Optional<String> address(List<String> routes) {
    return routes.stream()
        .skip(1)
        .map(line -> line.split("\\s+"))
        .filter(
            route -> route.length > 2 && route[1].equals(ANYWHERE) && !route[2].equals(ANYWHERE))
        .findFirst()
        .map(route -> dotted(Integer.reverseBytes(Integer.parseUnsignedInt(route[2], 16))));
  }

  private static String dotted(int address) {
    try {
      return InetAddress.getByAddress(
              new byte[] {
                (byte) (address >> 24),
                (byte) (address >> 16),
                (byte) (address >> 8),
                (byte) address
              })
          .getHostAddress();
    } catch (UnknownHostException e) {
      throw new IllegalStateException("four bytes are always an IPv4 address", e);
    }
  }
}
