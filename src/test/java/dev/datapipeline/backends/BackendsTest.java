package dev.datapipeline.backends;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BackendsTest {
  /** Maven's exec:java destroys the thread group of main. */
  @Test
  void aLastingThreadDoesNotBelongToTheGroupOfItsCreator() throws Exception {
    CompletableFuture<Thread> created = new CompletableFuture<>();
    ThreadGroup ofMain = new ThreadGroup("main's group");

    new Thread(ofMain, () -> created.complete(Backends.lastingThread(() -> {}, "test"))).start();

    ThreadGroup group = created.get(10, TimeUnit.SECONDS).getThreadGroup();
    assertThat(group).isNotSameAs(ofMain);
    assertThat(group.getParent()).isNull();
  }

  @Test
  void aTakenPortOfTheApplicationIsNamedBeforeAnythingStarts(@TempDir Path directory)
      throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
      String port = Integer.toString(taken.getLocalPort());
      String[] arguments = {
        "--directory",
        directory.toString(),
        "--postgres-port",
        "0",
        "--kafka-port",
        "0",
        "--http-port",
        port,
        "--server",
        directory.resolve("server").toString()
      };

      assertThatThrownBy(() -> Backends.main(arguments))
          .hasMessage(
              "Port %s, which is for the application, is in use by another program.".formatted(port)
                  + " Stop that program, or choose another port with HTTP_PORT=…");
    }
    assertThat(directory.resolve("postgres/data")).doesNotExist();
  }
}
