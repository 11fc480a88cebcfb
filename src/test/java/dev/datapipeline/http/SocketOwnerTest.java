package dev.datapipeline.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import org.junit.jupiter.api.Test;

class SocketOwnerTest {
  private static final List<String> TABLE =
      List.of(
          "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid",
          "   0: 0100007F:2378 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000   0 1",
          "   1: 0100007F:C350 0100007F:2378 01 00000000:00000000 00:00000000 00000000    33   0 2",
          "   2: 0200007F:C351 0100007F:2378 01 00000000:00000000 00:00000000 00000000  1000   0 3",
          "   3: 0300007F:C351 0100007F:2378 01 00000000:00000000 00:00000000 00000000    33   0 4",
          "   4: 0100007F:C352 0100007F:2378 06 00000000:00000000 03:00000000 00000000     0   0 0",
          "   5: 0100007F:2378 0100007F:C353 01 00000000:00000000 00:00000000 00000000  1000   0 5");

  private static final int SERVER = 0x2378;

  @Test
  void theClientsEndTellsItsUser() {
    assertThat(SocketOwner.owners(TABLE, 0xC350, SERVER)).containsExactly(33);
  }

  @Test
  void connectionsWithTheSamePortsAreNotToldApart() {
    assertThat(SocketOwner.owners(TABLE, 0xC351, SERVER)).containsExactlyInAnyOrder(33, 1000);
  }

  @Test
  void aConnectionThatHasEndedBelongsToNobody() {
    assertThat(SocketOwner.owners(TABLE, 0xC352, SERVER)).isEmpty();
  }

  @Test
  void theServersEndIsNotTheClients() {
    assertThat(SocketOwner.owners(TABLE, 0xC353, SERVER)).isEmpty();
  }

  @Test
  void aConnectionOfThisProgramIsOurs() throws IOException {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        Socket client = new Socket(server.getInetAddress(), server.getLocalPort())) {
      assertThat(SocketOwner.isOurs(client.getLocalPort(), server.getLocalPort())).isTrue();
    }
  }
}
