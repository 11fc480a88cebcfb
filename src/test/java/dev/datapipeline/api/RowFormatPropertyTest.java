package dev.datapipeline.api;

import static org.assertj.core.api.Assertions.assertThat;

import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.CsvRecord;
import dev.datapipeline.storage.read.Timestamps;
import jakarta.json.JsonObject;
import java.io.IOException;
import java.io.StringWriter;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.constraints.LongRange;

/** What holds for every row that a client gets. */
class RowFormatPropertyTest {
  private static final String TOPIC = "sensor_data";
  private static final BigInteger MICROS = BigInteger.valueOf(1_000_000);

  /** 4714-11-24 BC, and the end of the year 294276: the range of timestamptz. */
  private static final BigInteger EARLIEST_SECOND = BigInteger.valueOf(-210_866_803_200L);

  private static final BigInteger END_SECOND = BigInteger.valueOf(9_224_318_016_000L);

  private final RowFormat format = new RowFormat(Map.of(1, Rows.position(TOPIC)));

  @Provide
  Arbitrary<String> documents() {
    return JsonTexts.documents();
  }

  /** Any time that the database can hold. */
  @Provide
  static Arbitrary<OffsetDateTime> times() {
    Arbitrary<OffsetDateTime> finite =
        Arbitraries.bigIntegers()
            .between(
                MICROS.multiply(EARLIEST_SECOND),
                MICROS.multiply(END_SECOND).subtract(BigInteger.ONE))
            .map(
                micros ->
                    Instant.ofEpochSecond(
                            micros.subtract(micros.mod(MICROS)).divide(MICROS).longValueExact(),
                            micros.mod(MICROS).longValueExact() * 1000)
                        .atOffset(ZoneOffset.UTC));
    Arbitrary<OffsetDateTime> infinite =
        Arbitraries.of(Timestamps.INFINITY, Timestamps.MINUS_INFINITY);
    return Arbitraries.frequencyOf(Tuple.of(8, finite), Tuple.of(1, infinite));
  }

  @Property(tries = 200)
  void anEventIsOneLineThatHoldsItsDocumentAsItIsSpelled(
      @ForAll("documents") String payload,
      @ForAll("times") OffsetDateTime time,
      @ForAll @LongRange(min = 1) long id)
      throws IOException {
    StringWriter line = new StringWriter();
    format.json(Rows.event(id, time, payload), line);

    assertThat(line.toString()).doesNotContain("\n", "\r");
    List<String> tokens = JsonTexts.tokens(line.toString());
    List<String> document = JsonTexts.tokens(payload);
    int end = tokens.size() - 1;
    assertThat(tokens.subList(end - document.size(), end)).isEqualTo(document);
    assertThat(tokens)
        .startsWith(
            "START_OBJECT {",
            "FIELD_NAME id",
            "VALUE_NUMBER_INT " + id,
            "FIELD_NAME timestamp",
            "VALUE_STRING " + RowFormat.time(time),
            "FIELD_NAME topic",
            "VALUE_STRING " + TOPIC);
  }

  @Property(tries = 200)
  void aRowOfCsvHoldsThePayloadByteForByte(
      @ForAll("documents") String payload,
      @ForAll("times") OffsetDateTime time,
      @ForAll @LongRange(min = 1) long id)
      throws IOException {
    StringWriter rows = new StringWriter();
    rows.write(RowFormat.CSV_HEADER);
    format.csv(Rows.event(id, time, payload), rows);
    format.csv(Rows.event(time, "2"), rows);

    List<CsvRecord> read = CsvReader.builder().ofCsvRecord(rows.toString()).stream().toList();

    assertThat(read).hasSize(3);
    assertThat(read.get(0).getFields())
        .containsExactly("id", "timestamp", "topic", "partition", "offset", "payload");
    assertThat(read.get(1).getFields())
        .containsExactly(Long.toString(id), RowFormat.time(time), TOPIC, "3", "42", payload);
  }

  @Property(tries = 200)
  void aTimeCanBeReadBack(@ForAll("times") OffsetDateTime time) {
    String text = RowFormat.time(time);

    if (Timestamps.isPossible(time)) {
      assertThat(Instant.parse(text)).isEqualTo(time.toInstant());
    } else {
      assertThat(text).isIn("infinity", "-infinity");
    }
  }

  /** Characters outside of the Basic Multilingual Plane are two chars. */
  @Property(tries = 200)
  void aPreviewIsTheBeginningOfThePayload(@ForAll("longTexts") String payload) {
    JsonObject preview = format.preview(Rows.event(Rows.TIME, payload));

    String sent =
        new String(
            preview.getString("payload").getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
    assertThat(payload).startsWith(sent);
    assertThat(sent.length())
        .isBetween(
            Math.min(payload.length(), RowFormat.PREVIEW_CHARACTERS - 1),
            RowFormat.PREVIEW_CHARACTERS);
    if (sent.length() < payload.length()) {
      assertThat(preview.getInt("characters")).isEqualTo(payload.length());
    }
  }

  @Provide
  Arbitrary<String> longTexts() {
    return Arbitraries.of("a", "é", "\uD83D\uDE00")
        .list()
        .ofMaxSize(8)
        .flatMap(
            end ->
                Arbitraries.integers()
                    .between(RowFormat.PREVIEW_CHARACTERS - 10, RowFormat.PREVIEW_CHARACTERS + 2)
                    .map(size -> "x".repeat(size) + String.join("", end)));
  }

  @Property(tries = 200)
  void theBytesOfADeadLetterCanBeRestored(@ForAll byte[] payload) {
    JsonObject letter = format.json(Rows.deadLetter(payload));

    byte[] restored =
        letter.containsKey("payload")
            ? letter.getString("payload").getBytes(StandardCharsets.UTF_8)
            : Base64.getDecoder().decode(letter.getString("payloadBase64"));
    assertThat(restored).isEqualTo(payload);
  }
}
