package dev.datapipeline.broker;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.Arrays;
import java.util.List;

/**
 * The bootstrap addresses of the brokers. Finds out why none of them answers. A client's timeout is
 * the same for a wrong address, a broker that is down, and a listener that expects TLS.
 */
final class BootstrapServers {
  /** Only so many addresses are tried, because a probe waits for the explanation. */
  private static final int MAX_ASKED = 2;

  private static final int CONNECT_TIMEOUT_MILLIS = 500;

  private final List<String> addresses;
  private final String protocol;

  /**
   * Parses addresses.
   *
   * @param addresses {@code host:port}, comma separated
   * @param protocol the clients' {@code security.protocol}
   */
  BootstrapServers(String addresses, String protocol) {
    this.addresses = Arrays.stream(addresses.split(",")).map(String::strip).toList();
    this.protocol = protocol;
  }

  /** Tries to connect, and returns the likely reason why a client got no answer. */
  String explainSilence() {
    String reason = "";
    for (String address : addresses.subList(0, Math.min(MAX_ASKED, addresses.size()))) {
      int colon = address.lastIndexOf(':');
      String host = address.substring(0, colon).replaceAll("[\\[\\]]", "");
      int port = Integer.parseInt(address.substring(colon + 1));
      InetSocketAddress socketAddress = new InetSocketAddress(host, port);
      if (socketAddress.isUnresolved()) {
        reason = "the host name %s is unknown".formatted(host);
        continue;
      }
      try (Socket socket = new Socket()) {
        socket.connect(socketAddress, CONNECT_TIMEOUT_MILLIS);
        return ("%s accepts connections but gives no answer: it hangs, or its listener expects"
                + " another security.protocol than %s")
            .formatted(address, protocol);
      } catch (IOException e) {
        reason = "%s cannot be connected to: %s".formatted(address, e.getMessage());
      }
    }
    return reason;
  }
}
