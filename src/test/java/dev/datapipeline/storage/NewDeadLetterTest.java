package dev.datapipeline.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;

class NewDeadLetterTest {
  private final ConsumerRecord<byte[], byte[]> record =
      new ConsumerRecord<>("t", 0, 0, null, new byte[0]);

  private String headers() {
    return new StorableRecord(1, record).rejected("reason", "22P02").headersAsJson();
  }

  @Test
  void aRecordWithoutHeadersHasNone() {
    assertThat(headers()).isNull();
  }

  @Test
  void headersKeepTheirOrderAndRepeat() {
    record.headers().add("b", "1".getBytes(StandardCharsets.UTF_8));
    record.headers().add("a", "Grüße \"x\"\n".getBytes(StandardCharsets.UTF_8));
    record.headers().add("b", null);

    assertThat(headers())
        .isEqualTo(
            "[{\"key\":\"b\",\"value\":\"1\"},"
                + "{\"key\":\"a\",\"value\":\"Grüße \\\"x\\\"\\n\"},"
                + "{\"key\":\"b\",\"value\":null}]");
  }

  @Test
  void aValueThatIsNoTextIsKeptAsBase64() {
    record.headers().add("bytes", new byte[] {(byte) 0xff, 0});

    assertThat(headers()).isEqualTo("[{\"key\":\"bytes\",\"base64\":\"/wA=\"}]");
  }

  @Test
  void aNulInAHeaderIsEscaped() {
    record.headers().add("nul\0", new byte[] {'a', 0});

    assertThat(headers()).isEqualTo("[{\"key\":\"nul\\u0000\",\"value\":\"a\\u0000\"}]");
  }
}
