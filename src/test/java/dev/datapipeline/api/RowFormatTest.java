package dev.datapipeline.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.datapipeline.storage.read.RawEvent;
import dev.datapipeline.storage.read.Timestamps;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RowFormatTest {
  private final RowFormat format = new RowFormat(Map.of(1, Rows.position("a \"b\"")));

  private static String json(RowFormat format, RawEvent event) throws IOException {
    StringWriter writer = new StringWriter();
    format.json(event, writer);
    return writer.toString();
  }

  private static String csv(RowFormat format, RawEvent event) throws IOException {
    StringWriter writer = new StringWriter();
    format.csv(event, writer);
    return writer.toString();
  }

  @Test
  void anEventKeepsTheSpellingOfItsPayload() throws IOException {
    assertThat(json(format, Rows.event(Rows.TIME, "{\"n\": 1.50e+3,\n\"a\":1,\"a\":2}")))
        .isEqualTo(
            "{\"id\":7,\"timestamp\":\"2026-01-15T10:17:17.817123Z\",\"topic\":\"a \\\"b\\\"\","
                + "\"partition\":3,\"offset\":42,\"payload\":{\"n\": 1.50e+3, \"a\":1,\"a\":2}}");
  }

  @Test
  void quotesAreDoubledInCsv() throws IOException {
    assertThat(csv(format, Rows.event(Rows.TIME, "{\"q\":1}")))
        .isEqualTo("7,2026-01-15T10:17:17.817123Z,a \"b\",3,42,\"{\"\"q\"\":1}\"\r\n");
  }

  @Test
  void theSourceIsLeftOutIfItIsUnknown() throws IOException {
    RowFormat empty = new RowFormat(Map.of());

    assertThat(json(empty, Rows.event(Rows.TIME, "1")))
        .isEqualTo(
            "{\"id\":7,\"timestamp\":\"2026-01-15T10:17:17.817123Z\",\"offset\":42,\"payload\":1}");
    assertThat(csv(empty, Rows.event(Rows.TIME, "1")))
        .isEqualTo("7,2026-01-15T10:17:17.817123Z,,,42,\"1\"\r\n");
    assertThat(empty.preview(Rows.event(Rows.TIME, "1"))).doesNotContainKey("topic");
  }

  @Test
  void aDeadLetterHasEverythingThatIsKnown() {
    assertThat(format.json(Rows.deadLetter("{no".getBytes(StandardCharsets.UTF_8))))
        .hasToString(
            "{\"id\":9,\"receivedAt\":\"2026-01-15T10:17:17.817123Z\","
                + "\"timestamp\":\"2026-01-15T10:17:17.817123Z\",\"topic\":\"a \\\"b\\\"\","
                + "\"partition\":3,\"offset\":43,\"reason\":\"not JSON\",\"key\":\"k\",\"payload\":\"{no\"}");
  }

  @Test
  void bytesThatAreNotUtf8AreWrittenInBase64() {
    assertThat(format.json(Rows.deadLetter(new byte[] {(byte) 0xFF})))
        .doesNotContainKey("payload")
        .hasEntrySatisfying("payloadBase64", value -> assertThat(value).hasToString("\"/w==\""));
    assertThat(format.json(Rows.deadLetter(null)).isNull("payload")).isTrue();
  }

  @Test
  void aPreviewCutsLongPayloads() {
    String exact = "x".repeat(RowFormat.PREVIEW_CHARACTERS);

    assertThat(format.preview(Rows.event(Rows.TIME, exact)).getString("payload")).isEqualTo(exact);
    assertThat(format.preview(Rows.event(Rows.TIME, exact))).doesNotContainKey("characters");
    assertThat(format.preview(Rows.event(Rows.TIME, exact + "y")).getString("payload"))
        .isEqualTo(exact);
    assertThat(format.preview(Rows.event(Rows.TIME, exact + "y")).getInt("characters"))
        .isEqualTo(exact.length() + 1);
  }

  /** Its two halves are no characters. */
  @Test
  void aPreviewDoesNotEndWithinACharacter() {
    String beginning = "x".repeat(RowFormat.PREVIEW_CHARACTERS - 1);

    assertThat(
            format.preview(Rows.event(Rows.TIME, beginning + "\uD83D\uDE00")).getString("payload"))
        .isEqualTo(beginning);
  }

  @Test
  void aPreviewOfADeadLetterShowsItsReason() {
    assertThat(format.preview(Rows.deadLetter("{no".getBytes(StandardCharsets.UTF_8))))
        .hasToString(
            "{\"id\":9,\"receivedAt\":\"2026-01-15T10:17:17.817123Z\",\"reason\":\"not JSON\","
                + "\"topic\":\"a \\\"b\\\"\",\"partition\":3,\"offset\":43,\"payload\":\"{no\"}");
    assertThat(format.preview(Rows.deadLetter(null)).getString("payload")).isEmpty();
  }

  @Test
  void infiniteTimesAreWrittenAsPostgresqlDoes() {
    assertThat(RowFormat.time(Timestamps.INFINITY)).isEqualTo("infinity");
    assertThat(RowFormat.time(Timestamps.MINUS_INFINITY)).isEqualTo("-infinity");
  }
}
