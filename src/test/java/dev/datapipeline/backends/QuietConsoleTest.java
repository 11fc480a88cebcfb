package dev.datapipeline.backends;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class QuietConsoleTest {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final QuietConsole console =
      new QuietConsole(new PrintStream(bytes, true, StandardCharsets.UTF_8));

  @Test
  void leavesOutWhatMavenPrintsWithLevelInfo() {
    console.println("[INFO] Running liberty:create");
    console.println("[\u001b[1;34mINFO\u001b[m] \u001b[1m--- liberty:dev ---\u001b[m");
    console.println("[INFO] ");

    assertThat(printed()).isEmpty();
  }

  @Test
  void showsTheServersConsoleAndWhatHasNoLevel() {
    console.println("[INFO] [WARNING ] CWWKG0027W: a warning before the log is set up");
    console.println("[INFO] [11/25/26, 0:23:33:574 UTC] 00000027 Any W a warning");
    console.println("Kafka is running");

    assertThat(printed()).contains("CWWKG0027W", "00000027", "Kafka is running");
  }

  @Test
  void showsWarningsAndRemainsQuiet() {
    console.println("[WARNING] this");
    console.println("[INFO] that");

    assertThat(printed()).contains("this").doesNotContain("that");
  }

  @Test
  void showsEverythingFromTheFirstErrorOn() {
    console.println("[\u001b[1;31mERROR\u001b[m] this");
    console.println("[INFO] that");

    assertThat(printed()).contains("this", "that");
  }

  @Test
  void showsEverythingAfterItsEnd() {
    PrintStream before = System.out;
    console.begin();
    try {
      assertThat(System.out).isSameAs(console);
    } finally {
      console.end();
      System.setOut(before);
    }
    console.println("[INFO] this");

    assertThat(printed()).contains("this");
  }

  private String printed() {
    return bytes.toString(StandardCharsets.UTF_8);
  }
}
