package dev.datapipeline.http;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Finds out to whom the other end of a loopback connection belongs, from the kernel's tables of
 * sockets. Only Linux has them.
 */
final class SocketOwner {
  private static final List<Path> TABLES =
      List.of(Path.of("/proc/net/tcp"), Path.of("/proc/net/tcp6"));

  private static final int LOCAL = 1;
  private static final int REMOTE = 2;
  private static final int STATE = 3;
  private static final int USER = 7;

  /** Such a socket belongs to nobody any more. */
  private static final String TIME_WAIT = "06";

  private SocketOwner() {}

  /**
   * Returns whether a client on this machine belongs to the user who runs this server. Proxies and
   * tunnels that run as a service have a user of their own.
   *
   * @param clientPort the port of the client's end of the connection
   * @param serverPort the port of this end
   * @return true also where the system doesn't tell to whom a socket belongs
   */
  static boolean isOurs(int clientPort, int serverPort) {
    if (!Files.isReadable(TABLES.get(0))) {
      return true;
    }
    try {
      Object we = Files.getAttribute(Path.of("/proc/self"), "unix:uid");
      boolean found = false;
      for (Path table : TABLES) {
        if (Files.isReadable(table)) {
          Set<Integer> owners =
              owners(Files.readAllLines(table, StandardCharsets.US_ASCII), clientPort, serverPort);
          if (!owners.stream().allMatch(we::equals)) {
            return false;
          }
          found |= !owners.isEmpty();
        }
      }
      return found;
    } catch (IOException e) {
      return false;
    }
  }

  /**
   * Finds the users of the sockets with these ports. Several connections between different loopback
   * addresses may have the same ports.
   *
   * @param table a header, then one socket per line
   */
  static Set<Integer> owners(List<String> table, int clientPort, int serverPort) {
    return table.stream()
        .skip(1)
        .map(line -> line.strip().split("\\s+"))
        .filter(socket -> socket.length > USER && !socket[STATE].equals(TIME_WAIT))
        .filter(
            socket ->
                port(socket[LOCAL]).equals(OptionalInt.of(clientPort))
                    && port(socket[REMOTE]).equals(OptionalInt.of(serverPort)))
        .map(socket -> Integer.parseInt(socket[USER]))
        .collect(Collectors.toSet());
  }

  /** Reads the port of an address such as {@code 0100007F:2378}. */
  private static OptionalInt port(String address) {
    int colon = address.lastIndexOf(':');
    return colon < 0
        ? OptionalInt.empty()
        : OptionalInt.of(Integer.parseInt(address.substring(colon + 1), 16));
  }
}
