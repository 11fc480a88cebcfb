package dev.datapipeline.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.datapipeline.config.ApiConfig.ReadAccess;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReadPolicyTest {
  private static final String GATEWAY = "172.18.0.1";
  private static final String ELSEWHERE = "203.0.113.9";

  private static final Map<String, String> DIRECT = Map.of("Host", "localhost:9080");

  private static ReadPolicy policy(ReadAccess access, String httpAddress) {
    return new ReadPolicy(access, httpAddress, Optional.of(GATEWAY));
  }

  private static ReadPolicy policy(ReadAccess access) {
    return policy(access, "127.0.0.1");
  }

  private static boolean allows(ReadAccess access, String remoteAddress) {
    return policy(access).allows(remoteAddress, DIRECT::get);
  }

  private static boolean allowsWith(String header, ReadAccess access, String remoteAddress) {
    Map<String, String> proxied = Map.of("Host", "localhost:9080", header, "127.0.0.1");
    return policy(access).allows(remoteAddress, proxied::get);
  }

  @Test
  void everyoneMeansEveryone() {
    assertThat(allowsWith("Via", ReadAccess.EVERYONE, ELSEWHERE)).isTrue();
  }

  @Test
  void operatorMeansNobodyElse() {
    assertThat(allows(ReadAccess.OPERATOR, "127.0.0.1")).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.1", "127.9.9.9", "::1", "0:0:0:0:0:0:0:1"})
  void loopbackAddressesMayRead(String remoteAddress) {
    assertThat(allows(ReadAccess.LOOPBACK, remoteAddress)).isTrue();
    assertThat(allows(ReadAccess.HOST, remoteAddress)).isTrue();
  }

  @Test
  void otherAddressesMayNotRead() {
    assertThat(allows(ReadAccess.LOOPBACK, ELSEWHERE)).isFalse();
    assertThat(allows(ReadAccess.LOOPBACK, GATEWAY)).isFalse();
    assertThat(allows(ReadAccess.HOST, ELSEWHERE)).isFalse();
  }

  @Test
  void theGatewayMayReadIfThePortIsPublishedOnLoopbackOnly() {
    assertThat(allows(ReadAccess.HOST, GATEWAY)).isTrue();
    assertThat(policy(ReadAccess.HOST, "0.0.0.0").allows(GATEWAY, DIRECT::get)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP"})
  void requestsThroughAProxyMayNotRead(String header) {
    assertThat(allowsWith(header, ReadAccess.LOOPBACK, "127.0.0.1")).isFalse();
    assertThat(allowsWith(header, ReadAccess.HOST, GATEWAY)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"localhost", "127.0.0.1:9080", "[::1]:9080"})
  void theHostHeaderMayNameThisMachine(String host) {
    assertThat(policy(ReadAccess.LOOPBACK).allows("127.0.0.1", Map.of("Host", host)::get)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"evil.example", "localhost.evil.example", "localhost:9080.evil.example"})
  void anotherHostHeaderIsRefused(String host) {
    assertThat(policy(ReadAccess.LOOPBACK).allows("127.0.0.1", Map.of("Host", host)::get))
        .isFalse();
  }

  @Test
  void aMissingHostHeaderIsRefused() {
    assertThat(policy(ReadAccess.LOOPBACK).allows("127.0.0.1", name -> null)).isFalse();
  }
}
