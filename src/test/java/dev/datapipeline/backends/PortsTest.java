package dev.datapipeline.backends;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PortsTest {
  @Test
  void aPortIsChosenOnceWhileTheJvmThatChoseItRuns(@TempDir Path directory) throws Exception {
    Path arguments = directory.resolve("chooser.args");
    ClassPath.writeArguments(arguments);
    Process chooser =
        new ProcessBuilder(List.of(ClassPath.java(), "@" + arguments, Chooser.class.getName()))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (var output = chooser.inputReader()) {
      int port = Integer.parseInt(output.readLine());

      assertThatThrownBy(() -> Ports.free(port, port))
          .isInstanceOf(BackendException.class)
          .hasMessage("No free port between " + port + " and " + port + ".");

      chooser.destroyForcibly().waitFor();
      assertThat(Ports.free(port, port)).isEqualTo(port);
      assertThatThrownBy(() -> Ports.free(port, port)).isInstanceOf(BackendException.class);
    } finally {
      chooser.destroyForcibly();
    }
  }

  /** Chooses a port, prints it, and waits. */
  static final class Chooser {
    public static void main(String[] args) throws InterruptedException {
      System.out.println(Ports.free());
      Thread.sleep(60_000);
    }
  }
}
