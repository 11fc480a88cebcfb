package dev.datapipeline.record;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;

/** What holds for every header of a record of the file source. */
class HeaderPropertyTest {
  @Provide
  Arbitrary<FilePosition> positions() {
    Arbitrary<String> readers =
        Arbitraries.strings().alpha().numeric().withChars("._-").ofMinLength(1).ofMaxLength(100);
    Arbitrary<String> paths =
        Arbitraries.strings()
            .ofMinLength(1)
            .ofMaxLength(60)
            .filter(text -> text.indexOf('\0') < 0 && isUnicode(text));
    Arbitrary<UUID> ids =
        Combinators.combine(Arbitraries.longs(), Arbitraries.longs()).as(UUID::new);
    return Combinators.combine(
            readers,
            ids,
            paths,
            Arbitraries.longs(),
            Arbitraries.bytes().array(byte[].class).ofMaxSize(40).map(Fingerprint::of),
            Arbitraries.longs().greaterOrEqual(0))
        .as(FilePosition::new);
  }

  private static boolean isUnicode(String text) {
    return text.equals(new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8));
  }

  @Property(tries = 500)
  void aPositionComesBackFromItsHeader(@ForAll("positions") FilePosition position) {
    assertThat(FilePosition.of(position.toBytes())).hasValue(position);
  }

  /** What is taken for a position must not fail in the database. */
  @Property(tries = 400)
  void anyHeaderIsAPositionOrNone(
      @ForAll("positions") FilePosition position,
      @ForAll @Size(max = 4) List<Integer> changes,
      @ForAll byte value,
      @ForAll @IntRange(min = -3, max = 3) int longer) {
    byte[] bytes = position.toBytes();
    for (int change : changes) {
      bytes[Math.floorMod(change, bytes.length)] ^= value;
    }
    byte[] header = Arrays.copyOf(bytes, bytes.length + longer);

    Optional<FilePosition> read = FilePosition.of(header);

    read.ifPresent(
        other -> {
          assertThat(other.toBytes()).isEqualTo(header);
          assertThat(other.next()).isNotNegative();
          assertThat(other.path() + other.reader()).doesNotContain("\0");
        });
  }

  @Property(tries = 500)
  void randomBytesAreAPositionOrNone(@ForAll @Size(max = 200) byte[] header) {
    assertThat(FilePosition.of(header).map(FilePosition::toBytes))
        .isIn(Optional.empty(), Optional.of(header));
  }

  @Property(tries = 300)
  void theOrderOfRecordsDoesNotChangeHowFarFilesWereRead(
      @ForAll("positions") FilePosition one,
      @ForAll("positions") FilePosition other,
      @ForAll @Size(min = 1, max = 10) List<@LongRange(min = 0) Long> offsets,
      @ForAll Random random) {
    List<byte[]> headers = new ArrayList<>();
    for (long offset : offsets) {
      headers.add(one.at(offset).toBytes());
      headers.add(other.at(offset).toBytes());
      headers.add(new byte[] {1});
    }
    Collections.shuffle(headers, random);
    FileProgress progress = new FileProgress();
    headers.forEach(header -> progress.add(new RecordHeaders().add(FilePosition.HEADER, header)));

    long last = Collections.max(offsets);
    assertThat(progress.positions()).containsOnly(one.at(last), other.at(last));
  }

  @Property(tries = 300)
  void aFingerprintMatchesAFileThatHasGrown(
      @ForAll @Size(max = 1200) byte[] content, @ForAll @IntRange(max = 1024) int covered) {
    int length = Math.min(covered, content.length);
    Fingerprint fingerprint = Fingerprint.of(Arrays.copyOf(content, length));

    assertThat(fingerprint.matches(content)).isTrue();
    if (length > 0) {
      byte[] other = content.clone();
      other[length - 1]++;
      assertThat(fingerprint.matches(other)).isFalse();
      assertThat(fingerprint.matches(Arrays.copyOf(content, length - 1))).isFalse();
    }
  }

  /** The broker takes no record whose timestamp is far from now. */
  @Property(tries = 500)
  void theTimeOfAnEventComesBackFromItsRecord(
      @ForAll @LongRange(min = -62_135_596_800_000L, max = 253_402_300_799_999L) long time,
      @ForAll @LongRange(min = 100_000, max = 253_402_300_799_999L) long now,
      @ForAll @IntRange(min = -100_000, max = 100_000) int distance,
      @ForAll boolean near) {
    long millis = near ? now + distance : time;

    ProducerRecord<String, byte[]> sent =
        EventTime.record(
            "t", Instant.ofEpochMilli(millis), Instant.ofEpochMilli(now), null, new byte[0]);

    assertThat(Math.abs(sent.timestamp() - now)).isLessThanOrEqualTo(60_000);
    assertThat(EventTime.of(received(sent))).isEqualTo(millis);
  }

  private static ConsumerRecord<byte[], byte[]> received(ProducerRecord<String, byte[]> sent) {
    return new ConsumerRecord<>(
        sent.topic(),
        0,
        0,
        sent.timestamp(),
        TimestampType.CREATE_TIME,
        0,
        0,
        null,
        sent.value(),
        sent.headers(),
        Optional.empty());
  }
}
