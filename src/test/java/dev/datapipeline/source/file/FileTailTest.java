package dev.datapipeline.source.file;

import static org.assertj.core.api.Assertions.assertThat;

import dev.datapipeline.config.FileConfig;
import dev.datapipeline.config.FileConfig.Format;
import dev.datapipeline.record.FilePosition;
import dev.datapipeline.record.Fingerprint;
import dev.datapipeline.source.Event;
import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FileTailTest {
  private static final int MAX_LINE = 1024;

  @TempDir private Path directory;
  private Path path;
  private FileTail file;
  private Instant now = Instant.parse("2026-01-02T03:04:05Z");

  private Instant steady = Instant.EPOCH;
  private final InstantSource clock = () -> now;

  @BeforeEach
  void create() throws IOException {
    path = Files.createFile(directory.resolve("a.log"));
  }

  @AfterEach
  void close() throws IOException {
    file.close();
  }

  private void follow(Format format, long position) throws IOException {
    FileConfig config =
        new FileConfig(directory, "*", format, "default", MAX_LINE, 100, Duration.ofMinutes(1));
    FilePosition start =
        new FilePosition(
            "default", new UUID(0, 7), path.toString(), 7, Fingerprint.of(new byte[0]), position);
    file = new FileTail(path, start, config, clock, () -> steady);
  }

  private void append(String text) throws IOException {
    append(text.getBytes(StandardCharsets.UTF_8));
  }

  private void append(byte[] bytes) throws IOException {
    Files.write(path, bytes, StandardOpenOption.APPEND);
  }

  private List<Event> read() throws IOException {
    List<Event> events = new ArrayList<>();
    file.read(events, 1000, 1 << 20);
    return events;
  }

  private List<String> texts() throws IOException {
    return read().stream().map(event -> new String(event.json(), StandardCharsets.UTF_8)).toList();
  }

  private static JsonObject json(Event event) {
    return Json.createReader(new ByteArrayInputStream(event.json())).readObject();
  }

  private static JsonObject unparsed(Event event) {
    return json(event).getJsonObject("unparsed");
  }

  private static String reason(Event event) {
    return json(event).containsKey("unparsed") ? unparsed(event).getString("reason") : "none";
  }

  @Test
  void aJsonLineIsSentByteForByteAndTellsWhereTheNextOneBegins() throws IOException {
    follow(Format.NDJSON, 0);
    append("{ \"a\":1.50 }\r\n\n\"ä\"\n");

    List<Event> events = read();

    assertThat(new String(events.get(0).json(), StandardCharsets.UTF_8))
        .isEqualTo("{ \"a\":1.50 }");
    assertThat(new String(events.get(1).json(), StandardCharsets.UTF_8)).isEqualTo("\"ä\"");
    assertThat(events.get(0).position().next()).isEqualTo(14);
    assertThat(events.get(1).position().next()).isEqualTo(Files.size(path));
    assertThat(events).hasSize(2);
  }

  @Test
  void halfALineIsWaitedFor() throws IOException {
    follow(Format.NDJSON, 0);
    append("{\"a\":");
    assertThat(read()).isEmpty();
    steady = steady.plusSeconds(59);
    now = now.plus(Duration.ofDays(1));
    assertThat(read()).isEmpty();
    append("1}");
    assertThat(read()).isEmpty();
    append("\n{");
    assertThat(texts()).containsExactly("{\"a\":1}");
  }

  @Test
  void aLastLineThatDoesNotEndIsTakenAsItIsAfterAWhile() throws IOException {
    follow(Format.NDJSON, 0);
    append("{\"a\":1}\n{\"b\":2}");
    assertThat(texts()).containsExactly("{\"a\":1}");
    steady = steady.plusSeconds(61);
    now = now.minus(Duration.ofDays(1));
    assertThat(texts()).containsExactly("{\"b\":2}");
    assertThat(read()).isEmpty();
  }

  @Test
  void aLineThatIsNoJsonBecomesAnEventThatSaysSo() throws IOException {
    follow(Format.NDJSON, 0);
    append("1\noops \"x\"\n2\n");

    List<Event> events = read();

    assertThat(events).hasSize(3);
    JsonObject unparsed = unparsed(events.get(1));
    assertThat(unparsed.getString("raw")).isEqualTo("oops \"x\"");
    assertThat(unparsed.getString("file")).isEqualTo(path.toString());
    assertThat(unparsed.getInt("offset")).isEqualTo(2);
    assertThat(unparsed.getString("reason")).startsWith("not JSON");
  }

  @Test
  void twoDocumentsOnOneLineAreNotOne() throws IOException {
    follow(Format.NDJSON, 0);
    append("{} {}\n");
    assertThat(unparsed(read().get(0)).getString("raw")).isEqualTo("{} {}");
  }

  /** The parser's own limits must not stop the source. */
  @Test
  void jsonThatIsNestedTooDeeplySaysSo() throws IOException {
    follow(Format.NDJSON, 0);
    append("[".repeat(1010) + "\n1\n");

    List<Event> events = read();

    assertThat(unparsed(events.get(0)).getString("reason")).startsWith("not JSON");
    assertThat(events).hasSize(2);
  }

  @Test
  void invalidUtf8IsKeptAsItIs() throws IOException {
    follow(Format.NDJSON, 0);
    append(new byte[] {'"', (byte) 0xff, '"', '\n'});

    JsonObject unparsed = unparsed(read().get(0));

    assertThat(unparsed.getString("reason")).isEqualTo("invalid UTF-8");
    assertThat(unparsed.getString("raw")).isEqualTo("\"\ufffd\"");
    assertThat(unparsed.getString("raw_base64")).isEqualTo("Iv8i");
  }

  @Test
  void aLineThatIsTooLongBecomesSeveralEventsAndTheNextOneIsWhole() throws IOException {
    follow(Format.NDJSON, 0);
    String line = "x".repeat(2500);
    append(line + "\n{\"a\":1}\n");

    List<Event> events = read();

    assertThat(events).hasSize(4);
    StringBuilder raw = new StringBuilder();
    events.subList(0, 3).forEach(event -> raw.append(unparsed(event).getString("raw")));
    assertThat(raw).hasToString(line);
    assertThat(new String(events.get(3).json(), StandardCharsets.UTF_8)).isEqualTo("{\"a\":1}");
  }

  @Test
  void theRestOfALineThatIsTooLongIsNotTakenForALineAfterARestart() throws IOException {
    append("1".repeat(2000) + "\n2\n");
    follow(Format.NDJSON, MAX_LINE);

    List<Event> events = read();

    assertThat(unparsed(events.get(0)).getString("raw")).hasSize(2000 - MAX_LINE);
    assertThat(events).hasSize(2);
  }

  @Test
  void aLineOfTheAllowedLengthIsWhole() throws IOException {
    follow(Format.NDJSON, 0);
    append("1".repeat(MAX_LINE) + "\n");
    assertThat(texts()).containsExactly("1".repeat(MAX_LINE));
  }

  @Test
  void csvMayHaveQuotesAndLineBreaksInThem() throws IOException {
    follow(Format.CSV, 0);
    append("\ufeffid,\"the \"\"text\"\"\"\r\n1,\"a,\r\nb\"\r\n2,\"\"\"\"\n");
    assertThat(texts())
        .containsExactly(
            "{\"id\":\"1\",\"the \\\"text\\\"\":\"a,\\r\\nb\"}",
            "{\"id\":\"2\",\"the \\\"text\\\"\":\"\\\"\"}");
  }

  @Test
  void csvKnowsItsHeaderAfterARestart() throws IOException {
    append("a,b\n1,2\n3,4\n");
    follow(Format.CSV, 8);
    assertThat(texts()).containsExactly("{\"a\":\"3\",\"b\":\"4\"}");
  }

  @Test
  void csvSkipsBlankLinesBeforeItsHeaderAfterARestartToo() throws IOException {
    append("\n \na,b\n1,2\n3,4\n");
    follow(Format.CSV, 11);
    assertThat(texts()).containsExactly("{\"a\":\"3\",\"b\":\"4\"}");
  }

  @ParameterizedTest
  @ValueSource(strings = {"a,a", "x\"y\",b", "\"never closed", "\ufffe", "too long"})
  void aFaultyCsvHeaderIsNotReplacedByTheNextLineAfterARestart(String header) throws IOException {
    append(header.equals("too long") ? "h,".repeat(MAX_LINE) : header);
    append("\n" + "1,2\n".repeat(400));
    follow(Format.CSV, 0);
    List<Event> events = read();
    long position = events.get(0).position().next();
    List<String> reasons = events.stream().map(FileTailTest::reason).toList();
    file.close();

    follow(Format.CSV, position);

    assertThat(read().stream().map(FileTailTest::reason))
        .isEqualTo(reasons.subList(1, reasons.size()));
  }

  @Test
  void halfARecordOfCsvIsWaitedFor() throws IOException {
    follow(Format.CSV, 0);
    append("a,b\n1,\"x\n");
    assertThat(read()).isEmpty();
    append("y\"\n");
    assertThat(texts()).containsExactly("{\"a\":\"1\",\"b\":\"x\\ny\"}");
  }

  @Test
  void aQuoteThatIsNeverClosedCostsOneLineOnly() throws IOException {
    follow(Format.CSV, 0);
    append("a,b\n1,\"x\n2,y\n" + "3,z\n".repeat(400));

    List<Event> events = read();

    assertThat(unparsed(events.get(0)).getString("raw")).isEqualTo("1,\"x");
    assertThat(json(events.get(1)).getString("b")).isEqualTo("y");
    assertThat(events).hasSize(402);
  }

  @Test
  void aRecordOfAnotherLengthSaysSo() throws IOException {
    follow(Format.CSV, 0);
    append("a,b\n1\n");
    assertThat(unparsed(read().get(0)).getString("reason"))
        .isEqualTo("1 fields instead of the 2 in the header");
  }

  @Test
  void anAccessLogIsTakenApart() throws IOException {
    follow(Format.COMBINED, 0);
    append(
        "203.0.113.7 - frank [10/Oct/2025:13:55:36 -0700] \"GET /a?b=c HTTP/1.1\" 200 2326"
            + " \"-\" \"Agent \\\"X\\\" 1.0\"\n");

    Event event = read().get(0);

    assertThat(event.timestamp()).isEqualTo(Instant.parse("2025-10-10T20:55:36Z"));
    assertThat(new String(event.json(), StandardCharsets.UTF_8))
        .isEqualTo(
            "{\"timestamp\":\"2025-10-10T20:55:36Z\",\"client\":\"203.0.113.7\",\"user\":\"frank\","
                + "\"method\":\"GET\",\"path\":\"/a?b=c\",\"protocol\":\"HTTP/1.1\",\"status\":200,"
                + "\"bytes\":2326,\"referrer\":null,\"user_agent\":\"Agent \\\"X\\\" 1.0\"}");
  }

  @Test
  void aLineThatIsNoRequestSaysWhy() throws IOException {
    follow(Format.COMBINED, 0);
    append("a - - [yesterday] \"GET / HTTP/1.1\" 200 1 \"-\" \"-\"\nb\n\"c\n");
    assertThat(read())
        .extracting(event -> unparsed(event).getString("reason"))
        .containsExactly(
            "the time does not have the format 10/Oct/2000:13:55:36 -0700",
            "1 fields instead of the 9 of the combined format",
            "a field does not end with \"");
  }

  @Test
  void aFingerprintCoversOnlyTheStartOfALongFile() throws IOException {
    follow(Format.NDJSON, 0);
    append(new byte[Fingerprint.MAX_BYTES + 1]);
    assertThat(FileTail.firstBytes(path)).hasSize(Fingerprint.MAX_BYTES);
    Files.writeString(path, "short");
    assertThat(FileTail.firstBytes(path)).asString().isEqualTo("short");
    Files.write(path, new byte[0]);
    assertThat(FileTail.firstBytes(path)).isEmpty();
  }
}
