package dev.datapipeline.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.datapipeline.config.ApiConfig.ReadAccess;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ReadPolicyTest {
  private static final String GATEWAY = "172.18.0.1";
  private static final String ELSEWHERE = "203.0.113.9";
  private static final String LOOPBACK = "127.0.0.1";
  private static final Map<String, String> DIRECT = Map.of("Host", "localhost:9080");

  private record Call(
      String remoteAddress, String protocol, Map<String, String> headers, boolean isOurs)
      implements ReadPolicy.Request {
    static Call from(String remoteAddress) {
      return new Call(remoteAddress, "HTTP/1.1", DIRECT, true);
    }

    Call with(Map<String, String> otherHeaders) {
      return new Call(remoteAddress, protocol, otherHeaders, isOurs);
    }

    @Override
    public String header(String name) {
      return headers.get(name);
    }
  }

  private static ReadPolicy policy(ReadAccess access, String httpAddress) {
    return new ReadPolicy(access, httpAddress, Optional.of(GATEWAY), false);
  }

  private static boolean allows(ReadAccess access, Call call) {
    return policy(access, LOOPBACK).allows(call);
  }

  @Test
  void everyoneMeansEveryone() {
    Call proxied = Call.from(ELSEWHERE).with(Map.of("Via", "1.1 proxy"));

    assertThat(allows(ReadAccess.EVERYONE, proxied)).isTrue();
  }

  @Test
  void operatorMeansNobodyWithoutCredentials() {
    assertThat(allows(ReadAccess.OPERATOR, Call.from(LOOPBACK))).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.1", "127.9.9.9", "::1", "0:0:0:0:0:0:0:1"})
  void loopbackAddressesMayRead(String remoteAddress) {
    assertThat(allows(ReadAccess.LOOPBACK, Call.from(remoteAddress))).isTrue();
    assertThat(allows(ReadAccess.HOST, Call.from(remoteAddress))).isTrue();
  }

  @Test
  void otherAddressesMayNotRead() {
    assertThat(allows(ReadAccess.LOOPBACK, Call.from(ELSEWHERE))).isFalse();
    assertThat(allows(ReadAccess.LOOPBACK, Call.from(GATEWAY))).isFalse();
    assertThat(allows(ReadAccess.HOST, Call.from(ELSEWHERE))).isFalse();
  }

  @Test
  void theGatewayMayReadIfThePortIsPublishedOnLoopbackOnly() {
    assertThat(allows(ReadAccess.HOST, Call.from(GATEWAY))).isTrue();
    assertThat(policy(ReadAccess.HOST, "0.0.0.0").allows(Call.from(GATEWAY))).isFalse();
  }

  /** Whoever starts the container without Compose may have published the port to the network. */
  @Test
  void theGatewayMayNotReadIfItIsUnknownWhereThePortIsPublished() {
    assertThat(policy(ReadAccess.HOST, "").allows(Call.from(GATEWAY))).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP"})
  void requestsThroughAProxyMayNotRead(String header) {
    Map<String, String> proxied = Map.of("Host", "localhost:9080", header, LOOPBACK);

    assertThat(allows(ReadAccess.LOOPBACK, Call.from(LOOPBACK).with(proxied))).isFalse();
    assertThat(allows(ReadAccess.HOST, Call.from(GATEWAY).with(proxied))).isFalse();
  }

  @Test
  void programsOfOtherUsersMayNotRead() {
    Call foreign = new Call(LOOPBACK, "HTTP/1.1", DIRECT, false);

    assertThat(allows(ReadAccess.LOOPBACK, foreign)).isFalse();
    assertThat(allows(ReadAccess.HOST, foreign)).isFalse();
  }

  /** A container's host is not on this side of the network, so its users can't be told apart. */
  @Test
  void theUserOfAProgramOnTheHostIsUnknown() {
    assertThat(allows(ReadAccess.HOST, new Call(GATEWAY, "HTTP/1.1", DIRECT, false))).isTrue();
  }

  @Test
  void theProtocolOfOldProxiesMayNotRead() {
    assertThat(allows(ReadAccess.LOOPBACK, new Call(LOOPBACK, "HTTP/1.0", DIRECT, true))).isFalse();
    assertThat(allows(ReadAccess.HOST, new Call(GATEWAY, "HTTP/1.0", DIRECT, true))).isFalse();
  }

  @ParameterizedTest
  @EnumSource(
      value = ReadAccess.class,
      names = {"LOOPBACK", "HOST"})
  void nobodyMayReadBehindAProxyThatIsNamed(ReadAccess access) {
    ReadPolicy policy = new ReadPolicy(access, LOOPBACK, Optional.of(GATEWAY), true);

    assertThat(policy.allows(Call.from(LOOPBACK))).isFalse();
    assertThat(policy.allows(Call.from(GATEWAY))).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"localhost", "127.0.0.1:9080", "[::1]:9080"})
  void theHostHeaderMayNameThisMachine(String host) {
    assertThat(allows(ReadAccess.LOOPBACK, Call.from(LOOPBACK).with(Map.of("Host", host))))
        .isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"evil.example", "localhost.evil.example", "localhost:9080.evil.example"})
  void anotherHostHeaderIsRefused(String host) {
    assertThat(allows(ReadAccess.LOOPBACK, Call.from(LOOPBACK).with(Map.of("Host", host))))
        .isFalse();
  }

  @Test
  void aMissingHostHeaderIsRefused() {
    assertThat(allows(ReadAccess.LOOPBACK, Call.from(LOOPBACK).with(Map.of()))).isFalse();
  }
}
