package dev.datapipeline.record;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.UUID;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.junit.jupiter.api.Test;

class FilePositionTest {
  private static final FilePosition POSITION =
      new FilePosition(
          "reader",
          UUID.randomUUID(),
          "/data/ä.log",
          -7,
          Fingerprint.of("first".getBytes(StandardCharsets.UTF_8)),
          1L << 40);

  private static FileProgress progress(byte[]... headers) {
    FileProgress progress = new FileProgress();
    for (byte[] header : headers) {
      progress.add(new RecordHeaders().add(FilePosition.HEADER, header));
    }
    return progress;
  }

  private static byte[] numbered(long row, long next) {
    return ByteBuffer.allocate(16).putLong(row).putLong(next).array();
  }

  @Test
  void theHeaderSaysWhatTheFileIs() {
    assertThat(FilePosition.of(POSITION.toBytes())).hasValue(POSITION);
  }

  /** What is well-formed must not fail in the database. */
  @Test
  void aMalformedHeaderIsNoPosition() {
    byte[] good = POSITION.toBytes();
    for (int length = 0; length < good.length; length++) {
      assertThat(FilePosition.of(Arrays.copyOf(good, length))).isEmpty();
    }
    assertThat(FilePosition.of(Arrays.copyOf(good, good.length + 1))).isEmpty();
    assertThat(FilePosition.of(changed(good, 0, (byte) 1))).isEmpty();
    assertThat(FilePosition.of(changed(good, 17, (byte) -1))).as("negative offset").isEmpty();
    assertThat(FilePosition.of(changed(good, 33, (byte) 127))).as("fingerprint length").isEmpty();
    assertThat(FilePosition.of(changed(good, good.length - 1, (byte) 0))).as("NUL").isEmpty();
    assertThat(FilePosition.of(changed(good, good.length - 1, (byte) -1))).as("UTF-8").isEmpty();
  }

  private static byte[] changed(byte[] bytes, int index, byte value) {
    byte[] changed = bytes.clone();
    changed[index] = value;
    return changed;
  }

  @Test
  void theLargestPositionOfEachFileCounts() {
    FilePosition other =
        new FilePosition("reader", UUID.randomUUID(), "/data/b.log", 8, POSITION.fingerprint(), 5);
    FileProgress progress =
        progress(
            POSITION.at(20).toBytes(),
            other.toBytes(),
            POSITION.at(30).toBytes(),
            POSITION.at(10).toBytes());
    assertThat(progress.positions()).containsExactlyInAnyOrder(POSITION.at(30), other);
    assertThat(progress.numbered()).isEmpty();
  }

  @Test
  void aContradictingHeaderDoesNotHideTheOthers() {
    FilePosition forged =
        new FilePosition(
            "reader", POSITION.file(), "/data/b.log", 8, POSITION.fingerprint(), 1L << 50);
    assertThat(progress(POSITION.toBytes(), forged.toBytes()).positions())
        .containsExactlyInAnyOrder(POSITION, forged);
  }

  @Test
  void headersOfTheFirstVersionAreKeptApart() {
    FileProgress progress = progress(numbered(7, 100), numbered(7, 50), numbered(8, -1));
    assertThat(progress.positions()).isEmpty();
    assertThat(progress.numbered()).containsEntry(7L, 100L).containsEntry(8L, 0L);
  }

  @Test
  void aRecordWithoutTheHeaderSaysNothing() {
    FileProgress progress = new FileProgress();
    progress.add(new RecordHeaders());
    progress.add(new RecordHeaders().add(FilePosition.HEADER, null));
    assertThat(progress.positions()).isEmpty();
  }
}
