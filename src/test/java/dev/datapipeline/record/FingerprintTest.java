package dev.datapipeline.source.file;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FingerprintTest {
  @TempDir private Path directory;

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
  void onlyTheStartOfALongFileIsRead() throws IOException {
    Path file = Files.write(directory.resolve("a"), new byte[Fingerprint.MAX_BYTES + 1]);
    assertThat(Fingerprint.firstBytes(file)).hasSize(Fingerprint.MAX_BYTES);
    Files.write(file, bytes("short"));
    assertThat(Fingerprint.firstBytes(file)).isEqualTo(bytes("short"));
    Files.write(file, new byte[0]);
    assertThat(Fingerprint.firstBytes(file)).isEmpty();
  }
}
