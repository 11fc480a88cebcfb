package dev.datapipeline.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.datapipeline.config.AddressRange;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ClientAddressTest {
  private static final String PROXY = "10.0.0.1";
  private static final ClientAddress ADDRESSES =
      new ClientAddress(
          List.of(new AddressRange(address("10.0.0.0"), 8), new AddressRange(address("::1"), 128)));

  private static InetAddress address(String text) {
    return AddressRange.literal(text).orElseThrow();
  }

  private static String client(String peer, String... headers) {
    return ADDRESSES.find(address(peer), Arrays.asList(headers)).getHostAddress();
  }

  @Test
  void withoutAProxyTheHeaderIsNotBelieved() {
    assertThat(client("203.0.113.9", "192.0.2.1")).isEqualTo("203.0.113.9");
    assertThat(new ClientAddress(List.of()).find(address("127.0.0.1"), List.of("192.0.2.1")))
        .isEqualTo(address("127.0.0.1"));
  }

  @Test
  void aTrustedProxyTellsTheAddress() {
    assertThat(client(PROXY, "192.0.2.1")).isEqualTo("192.0.2.1");
    assertThat(client("::1", "192.0.2.1")).isEqualTo("192.0.2.1");
    assertThat(client(PROXY)).isEqualTo(PROXY);
  }

  @Test
  void theLastAddressThatIsNotAProxysCounts() {
    assertThat(client(PROXY, "192.0.2.1, 10.0.0.2")).isEqualTo("192.0.2.1");
    assertThat(client(PROXY, "192.0.2.1", "10.0.0.2")).isEqualTo("192.0.2.1");
    // the client has sent the first one itself
    assertThat(client(PROXY, "198.51.100.7, 192.0.2.1")).isEqualTo("192.0.2.1");
    assertThat(client(PROXY, "10.9.9.9, 192.0.2.1")).isEqualTo("192.0.2.1");
  }

  @ParameterizedTest
  @CsvSource({
    "192.0.2.1:1234, 192.0.2.1",
    "[2001:db8::1]:1234, 2001:db8:0:0:0:0:0:1",
    "[2001:db8::1], 2001:db8:0:0:0:0:0:1",
    "2001:db8::1, 2001:db8:0:0:0:0:0:1"
  })
  void aPortIsLeftOut(String header, String expected) {
    assertThat(client(PROXY, header)).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({"unknown", "localhost", "_hidden", "''", "' , '", "1.2.3.4.5"})
  void whatIsNoAddressIsNotBelieved(String header) {
    assertThat(client(PROXY, header)).isEqualTo(PROXY);
  }
}
