package dev.datapipeline.record;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.UUID;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

class CorrectionTest {
  @Test
  void theHeaderIsReadAsWritten() {
    Correction correction = new Correction(17, UUID.randomUUID());

    assertThat(
            Correction.of(
                new RecordHeaders()
                    .add("other", null)
                    .add(Correction.HEADER, correction.toBytes())))
        .contains(correction);
  }

  @ParameterizedTest
  @NullSource
  @ValueSource(
      strings = {
        "",
        "17",
        "17 ",
        "17 1-1-1-1-1",
        "-1 20af43b1-add6-43d0-9c1c-917128304987",
        "9999999999999999999 20af43b1-add6-43d0-9c1c-917128304987",
        "17 20af43b1-add6-43d0-9c1c-917128304987 "
      })
  void aMalformedHeaderSaysNothing(String value) {
    byte[] bytes = value == null ? null : value.getBytes(StandardCharsets.ISO_8859_1);

    assertThat(Correction.of(new RecordHeaders().add(Correction.HEADER, bytes))).isEmpty();
  }

  @Test
  void aRecordWithoutTheHeaderCorrectsNothing() {
    assertThat(Correction.of(new RecordHeaders())).isEmpty();
  }
}
