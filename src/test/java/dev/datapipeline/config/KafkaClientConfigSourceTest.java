package dev.datapipeline.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class KafkaClientConfigSourceTest {

  @Test
  void aVariableBecomesAPropertyOfEveryClient() {
    KafkaClientConfigSource source =
        new KafkaClientConfigSource(
            Map.of("KAFKA_CLIENT_SECURITY_PROTOCOL", "SASL_SSL", "KAFKA_TOPIC", "t", "PATH", "p"));

    assertThat(source.getPropertyNames())
        .containsExactly("mp.messaging.connector.liberty-kafka.security.protocol");
    assertThat(source.getValue("mp.messaging.connector.liberty-kafka.security.protocol"))
        .isEqualTo("SASL_SSL");
    assertThat(source.getValue("kafka.topic")).isNull();
  }

  @Test
  void itIsAsStrongAsTheEnvironmentAndItsNameHoldsNoValue() {
    KafkaClientConfigSource source =
        new KafkaClientConfigSource(Map.of("KAFKA_CLIENT_SASL_JAAS_CONFIG", "secret"));

    assertThat(source.getOrdinal()).isEqualTo(300);
    assertThat(source.getName()).doesNotContain("secret");
  }
}
