package dev.datapipeline.backends;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.ThreadLocalRandom;

/** TCP ports on the loopback interface. */
public final class Ports {
  // Below the range from which operating systems take the local ports of outgoing connections
  // (Linux: from 32768). A port inside it can be lost while its server is down, even to a client
  // that tries to reach that very server and ends up connected to itself.
  private static final int FIRST = 20_000;
  private static final int LAST = 32_767;
  private static final int CONNECT_TIMEOUT_MILLIS = 1_000;

  /**
   * A port is chosen long before its server listens, and a stopped server wants it back. So the
   * byte of this file at the port's number stays locked until the JVM that chose it ends: neither
   * this JVM nor another one that runs tests meanwhile chooses it again.
   */
  private static final FileChannel CHOSEN = openChosen();

  private Ports() {}

  private static FileChannel openChosen() {
    String name = "datapipeline-ports-" + System.getProperty("user.name") + ".lock";
    try {
      return FileChannel.open(
          Path.of(System.getProperty("java.io.tmpdir"), name),
          StandardOpenOption.CREATE,
          StandardOpenOption.WRITE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Returns a port on which nothing listens. Nobody who asks here gets it again while this JVM
   * runs, not even in another JVM of the same user.
   */
  public static int free() {
    return free(FIRST, LAST);
  }

  /** Returns a free port between the two, both included. */
  static int free(int first, int last) {
    for (int attempt = 0; attempt < 1_000; attempt++) {
      int port = ThreadLocalRandom.current().nextInt(first, last + 1);
      if (choose(port) && isFree(port)) {
        return port;
      }
    }
    throw new BackendException("No free port between " + first + " and " + last + ".");
  }

  private static boolean choose(int port) {
    try {
      return CHOSEN.tryLock(port, 1, false) != null;
    } catch (OverlappingFileLockException e) {
      return false; // this JVM has it
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
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
