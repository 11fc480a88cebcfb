package dev.datapipeline.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class GatewayTest {
  private static final String HEADER =
      "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask";

  @Test
  void theDefaultRoutesGatewayIsFound() {
    assertThat(
            Gateway.address(
                List.of(
                    HEADER,
                    "eth0\t000012AC\t00000000\t0001\t0\t0\t0\t0000FFFF",
                    "eth0\t00000000\t010012AC\t0003\t0\t0\t0\t00000000")))
        .hasValue("172.18.0.1");
  }

  @Test
  void withoutADefaultRouteThereIsNone() {
    assertThat(
            Gateway.address(List.of(HEADER, "eth0\t000012AC\t00000000\t0001\t0\t0\t0\t0000FFFF")))
        .isEmpty();
    assertThat(
            Gateway.address(List.of(HEADER, "ppp0\t00000000\t00000000\t0001\t0\t0\t0\t00000000")))
        .isEmpty();
    assertThat(Gateway.address(List.of())).isEmpty();
  }
}
