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
 * The default gateway of the network. In a container of a bridge network that is the machine which
 * runs it: a request to a published port from there comes from this address, while those of other
 * containers come from their own.
 */
final class Gateway {
  private static final Path ROUTES = Path.of("/proc/net/route");
  private static final String ANYWHERE = "00000000";

  private Gateway() {}

  /** Returns an IPv4 address; empty where there is none, or no Linux. */
  static Optional<String> address() {
    try {
      return address(Files.readAllLines(ROUTES, StandardCharsets.US_ASCII));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /**
   * Finds the gateway in a table of routes: interface, destination and gateway, in hexadecimals.
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
      throw new IllegalStateException("four bytes are an address", e);
    }
  }
}
