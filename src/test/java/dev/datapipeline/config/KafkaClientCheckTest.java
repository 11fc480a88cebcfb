package dev.datapipeline.config;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;

class KafkaClientCheckTest {

  @Test
  void brokersWhoseNamesAreNotKnownYetAreNoFault() {
    assertThatCode(() -> check(Map.of("bootstrap.servers", "no-such-host.invalid:9092")))
        .doesNotThrowAnyException();
  }

  @Test
  void aStoreThatCannotBeOpenedIsNamed() {
    assertThatThrownBy(
            () ->
                check(
                    Map.of(
                        "security.protocol", "SSL",
                        "ssl.truststore.location", "/no/such/store.p12",
                        "ssl.truststore.password", "store-secret")))
        .isInstanceOf(InvalidSettingException.class)
        .hasMessageStartingWith("Settings KAFKA_CLIENT_* are refused by Kafka's client: ")
        .hasMessageContaining("/no/such/store.p12")
        .hasMessageNotContaining("store-secret");
  }

  @Test
  void aLoginThatCannotBeParsedIsToldWithoutIt() {
    assertThatThrownBy(
            () ->
                check(
                    Map.of(
                        "security.protocol", "SASL_SSL",
                        "sasl.mechanism", "PLAIN",
                        "sasl.jaas.config",
                            "org.apache.kafka.common.security.plain.PlainLoginModule required"
                                + " username=\"me\" password=\"login-secret\"")))
        .isInstanceOf(InvalidSettingException.class)
        .hasMessageContaining("semi-colon")
        .hasMessageNotContaining("login-secret");
  }

  private static void check(Map<String, String> clientProperties) {
    KafkaClientCheck.check(KafkaConfig.from(MapConfig.defaults().settings(), clientProperties));
  }
}
