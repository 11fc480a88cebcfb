package dev.datapipeline.broker;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import org.junit.jupiter.api.Test;

class BootstrapServersTest {

  @Test
  void aBrokerThatListensButDoesNotAnswerIsToldFromOneThatIsAway() throws IOException {
    String address;
    try (ServerSocket listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      address = "localhost:" + listening.getLocalPort();
      assertThat(explain(address))
          .contains(address, "accepts connections", "another security.protocol than SASL_SSL");
      assertThat(explain("no-such-host.invalid:9092, " + address)).contains("accepts connections");
    }

    assertThat(explain(address)).startsWith(address + " cannot be connected to: ");
  }

  @Test
  void aNameThatIsNotKnownIsSaid() {
    assertThat(explain("no-such-host.invalid:9092"))
        .isEqualTo("the host name no-such-host.invalid is unknown");
  }

  private static String explain(String addresses) {
    return new BootstrapServers(addresses, "SASL_SSL").explainSilence();
  }
}
