package dev.datapipeline.backends;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;

/** TCP ports on the loopback interface. */
final class Ports {
  // Below the range from which operating systems take the local ports of outgoing connections
  // (Linux: from 32768). A port inside it can be lost while its server is down, even to a client
  // that tries to reach that very server and ends up connected to itself.
  private static final int FIRST = 20_000;
  private static final int LAST = 32_767;
  private static final int CONNECT_TIMEOUT_MILLIS = 1_000;

  /** The servers of one JVM may all choose their ports before the first of them listens. */
  private static final Set<Integer> CHOSEN = ConcurrentHashMap.newKeySet();

  private Ports() {}

  /** Returns a port on which nothing listens. Never returns the same one again. */
  static int free() {
    for (int attempt = 0; attempt < 1_000; attempt++) {
      int port = ThreadLocalRandom.current().nextInt(FIRST, LAST + 1);
      if (isFree(port) && CHOSEN.add(port)) {
        return port;
      }
    }
    throw new BackendException("No free port between " + FIRST + " and " + LAST + ".");
  }

  /**
   * Checks that a server can listen on the port.
   *
   * @param purpose what the port is for
   * @param remedy what chooses another
   * @throws BackendException if something already listens there
   */
  static void requireFree(int port, String purpose, String remedy) {
    if (!isFree(port)) {
      throw new BackendException(
          String.format(
              "Port %d, which is for %s, is in use by another program."
                  + " Stop that program, or choose another port with %s",
              port, purpose, remedy));
    }
  }

  private static boolean isFree(int port) {
    // bind() alone is not enough: clients of "localhost" may also try ::1, and some systems let a
    // second server bind to a narrower address.
    if (accepts("127.0.0.1", port) || accepts("::1", port)) {
      return false;
    }
    try (ServerSocket socket = new ServerSocket()) {
      socket.bind(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), port));
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /** Returns whether something accepts connections there. */
  static boolean accepts(String host, int port) {
    try (Socket socket = new Socket()) {
      socket.connect(
          new InetSocketAddress(InetAddress.getByName(host), port), CONNECT_TIMEOUT_MILLIS);
      return true;
    } catch (IOException e) {
      return false;
    }
  }
}
