package dev.datapipeline.record;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class FingerprintTest {
  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void aGrowingFileKeepsItsFingerprint() {
    Fingerprint fingerprint = Fingerprint.of(bytes("one\n"));
    assertThat(fingerprint.length()).isEqualTo(4);
    assertThat(fingerprint.matches(bytes("one\n"))).isTrue();
    assertThat(fingerprint.matches(bytes("one\ntwo\n"))).isTrue();
  }

  @Test
  void otherOrFewerBytesDoNotMatch() {
    Fingerprint fingerprint = Fingerprint.of(bytes("one\n"));
    assertThat(fingerprint.matches(bytes("two\n"))).isFalse();
    assertThat(fingerprint.matches(bytes("one"))).isFalse();
  }

  @Test
  void fingerprintsOfTheSameBytesAreEqual() {
    assertThat(Fingerprint.of(bytes("one"))).isEqualTo(Fingerprint.of(bytes("one")));
    assertThat(Fingerprint.of(bytes("one"))).isNotEqualTo(Fingerprint.of(bytes("two")));
  }
}
