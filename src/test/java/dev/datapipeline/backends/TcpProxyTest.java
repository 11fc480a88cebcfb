package dev.datapipeline.backends;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.datapipeline.backends.TcpProxy.Direction;
import dev.datapipeline.backends.TcpProxy.Fault;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The faults, with a server that sends back what it gets. */
@Timeout(60)
class TcpProxyTest {
  private ServerSocket server;
  private TcpProxy proxy;

  @BeforeEach
  void start() throws IOException {
    server = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
    Thread accepting = new Thread(this::serve, "echo");
    accepting.setDaemon(true);
    accepting.start();
    proxy = new TcpProxy("127.0.0.1", server.getLocalPort());
  }

  private void serve() {
    while (!server.isClosed()) {
      try {
        Socket socket = server.accept();
        Thread echo = new Thread(() -> echo(socket), "echo");
        echo.setDaemon(true);
        echo.start();
      } catch (IOException e) {
        return;
      }
    }
  }

  private static void echo(Socket socket) {
    try (socket) {
      socket.getInputStream().transferTo(socket.getOutputStream());
    } catch (IOException e) {
      // cut
    }
  }

  @AfterEach
  void stop() throws IOException {
    proxy.close();
    server.close();
  }

  private Socket connect() throws IOException {
    Socket socket = new Socket("127.0.0.1", proxy.port());
    socket.setSoTimeout(30_000);
    return socket;
  }

  private static int echo(Socket socket, int value) throws IOException {
    socket.getOutputStream().write(value);
    return socket.getInputStream().read();
  }

  private static void assertSilent(Socket socket) throws IOException {
    socket.setSoTimeout(200);
    assertThatThrownBy(() -> socket.getInputStream().read())
        .isInstanceOf(SocketTimeoutException.class);
  }

  @Test
  void bytesArePassedOnInBothDirections() throws IOException {
    try (Socket socket = connect()) {
      assertThat(echo(socket, 1)).isEqualTo(1);
      proxy.delay(Duration.ofMillis(1));
      assertThat(echo(socket, 2)).isEqualTo(2);
    }
    await().until(() -> proxy.connections() == 0);
  }

  @Test
  void swallowedBytesAreLostAndLaterConnectionsWorkAfterTheRepair() throws IOException {
    try (Socket socket = connect()) {
      assertThat(echo(socket, 1)).isEqualTo(1);
      proxy.fault(Direction.TO_SERVER, Fault.SWALLOW);
      socket.getOutputStream().write(2);
      assertSilent(socket);
      proxy.repair();
      try (Socket later = connect()) {
        assertThat(echo(later, 3)).isEqualTo(3);
      }
    }
  }

  @Test
  void answersAloneCanBeSwallowed() throws IOException {
    try (Socket socket = connect();
        Socket other = connect()) {
      assertThat(echo(socket, 1)).isEqualTo(1);
      assertThat(echo(other, 1)).isEqualTo(1);
      proxy.faultOfOpenConnections(Direction.TO_CLIENT, Fault.SWALLOW);
      socket.getOutputStream().write(2);
      assertSilent(socket);
      try (Socket later = connect()) {
        assertThat(echo(later, 3)).isEqualTo(3);
      }
    }
  }

  @Test
  void aStalledSenderBlocksUntilTheRepair() throws IOException {
    try (Socket socket = connect()) {
      assertThat(echo(socket, 1)).isEqualTo(1);
      proxy.fault(Direction.TO_SERVER, Fault.STALL);
      byte[] more = new byte[64 << 20];
      CompletableFuture<Void> sending = CompletableFuture.runAsync(() -> send(socket, more));
      assertSilent(socket);
      assertThat(sending).isNotDone();

      proxy.repair();
      socket.setSoTimeout(30_000);
      assertThat(socket.getInputStream().readNBytes(more.length)).hasSize(more.length);
      sending.join();
    }
  }

  private static void send(Socket socket, byte[] bytes) {
    try {
      OutputStream out = socket.getOutputStream();
      out.write(bytes);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void aCutClosesConnectionsAndARefusalNewOnes() throws IOException {
    try (Socket socket = connect()) {
      assertThat(echo(socket, 1)).isEqualTo(1);
      proxy.cut();
      assertThat(isClosed(socket)).isTrue();
    }
    proxy.refuse();
    try (Socket socket = connect()) {
      assertThat(isClosed(socket)).isTrue();
    }
  }

  /** A peer that closes with unread bytes resets the connection. */
  private static boolean isClosed(Socket socket) {
    try {
      return socket.getInputStream().read() < 0;
    } catch (SocketTimeoutException e) {
      return false;
    } catch (IOException e) {
      return true;
    }
  }

  @Test
  void theClientOfAHalfOpenConnectionIsNotTold() throws IOException {
    try (Socket socket = connect()) {
      assertThat(echo(socket, 1)).isEqualTo(1);
      proxy.halfOpen();
      assertSilent(socket);
    }
  }

  @Test
  void anActionRunsWhenATextHasBeenSent() throws IOException {
    try (Socket socket = connect()) {
      proxy.when("now", () -> proxy.fault(Direction.TO_SERVER, Fault.SWALLOW));
      assertThat(echo(socket, 1)).isEqualTo(1);
      socket.getOutputStream().write("now".getBytes());
      assertThat(socket.getInputStream().readNBytes(3)).asString().isEqualTo("now");
      socket.getOutputStream().write(2);
      assertSilent(socket);
    }
  }

  @Test
  void anActionMayKeepATextFromTheServer() throws IOException {
    try (Socket socket = connect()) {
      proxy.before("now", () -> proxy.fault(Direction.TO_SERVER, Fault.SWALLOW));
      assertThat(echo(socket, 1)).isEqualTo(1);
      socket.getOutputStream().write("now".getBytes());
      assertSilent(socket);
    }
  }

  @Test
  void anActionBeforeATextMayArmAnotherOneAfterIt() throws IOException {
    try (Socket socket = connect()) {
      proxy.before("now", () -> proxy.when("now", proxy::cut));
      socket.getOutputStream().write("now".getBytes());
      await().until(() -> proxy.connections() == 0);
    }
  }

  @Test
  void laterConnectionsReachTheNewTarget() throws IOException {
    try (ServerSocket other = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
        Socket before = connect()) {
      assertThat(echo(before, 1)).isEqualTo(1);
      proxy.target("127.0.0.1", other.getLocalPort());
      try (Socket after = connect();
          Socket accepted = other.accept()) {
        accepted.getOutputStream().write(7);
        assertThat(after.getInputStream().read()).isEqualTo(7);
        assertThat(echo(before, 2)).isEqualTo(2);
      }
    }
  }
}
