package dev.datapipeline.source.file;

import static org.assertj.core.api.Assertions.assertThat;

import dev.datapipeline.source.file.LineFormat.Content;
import dev.datapipeline.source.file.LineFormat.UnparsableLineException;
import dev.datapipeline.source.file.LineReader.Line;
import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/** What holds for every file and every line of it. */
class LinePropertyTest {
  private static final int MAX_BYTES = 20;

  private static Path file;

  @BeforeContainer
  static void createFile() throws IOException {
    file = Files.createTempFile("lines", ".txt");
  }

  @AfterContainer
  static void deleteFile() throws IOException {
    Files.delete(file);
  }

  private static List<Line> read(long from, boolean quotes) throws IOException {
    List<Line> lines = new ArrayList<>();
    try (FileChannel channel = FileChannel.open(file)) {
      LineReader reader = new LineReader(channel, from, MAX_BYTES, quotes);
      for (Optional<Line> line = reader.next(true); line.isPresent(); line = reader.next(true)) {
        lines.add(line.get());
      }
    }
    return lines;
  }

  @Provide
  Arbitrary<String> contents() {
    return Arbitraries.strings().withChars("ab\"\r\n".toCharArray()).ofMaxLength(60);
  }

  @Property(tries = 500)
  void linesAreTheWholeFile(@ForAll("contents") String content, @ForAll boolean quotes)
      throws IOException {
    byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
    Files.write(file, bytes);

    List<Line> lines = read(0, quotes);

    ByteArrayOutputStream whole = new ByteArrayOutputStream();
    long next = 0;
    for (Line line : lines) {
      assertThat(line.offset()).isEqualTo(next);
      assertThat(line.next()).isGreaterThan(next);
      assertThat(line.bytes().length).isLessThanOrEqualTo(MAX_BYTES);
      whole.writeBytes(line.bytes());
      // what the line lacks of the file is its line break
      String rest = content.substring((int) line.offset() + line.bytes().length, (int) line.next());
      assertThat(rest).isIn("", "\n", "\r\n");
      whole.writeBytes(rest.getBytes(StandardCharsets.UTF_8));
      next = line.next();
    }
    assertThat(whole.toByteArray()).isEqualTo(bytes);
  }

  /** A restart goes on after any line that was stored. */
  @Property(tries = 500)
  void readingGoesOnAfterAnyCompleteLine(@ForAll("contents") String content, @ForAll boolean quotes)
      throws IOException {
    Files.writeString(file, content);
    List<Line> lines = read(0, quotes);

    for (int i = 0; i < lines.size(); i++) {
      List<Line> rest = read(lines.get(i).next(), quotes);
      if (lines.get(i).fault() == null) {
        assertThat(texts(rest)).isEqualTo(texts(lines.subList(i + 1, lines.size())));
      }
    }
  }

  private static List<String> texts(List<Line> lines) {
    return lines.stream()
        .map(line -> line.offset() + " " + new String(line.bytes(), StandardCharsets.UTF_8))
        .toList();
  }

  private static JsonObject json(Content content) {
    try (JsonReader reader = Json.createReader(new ByteArrayInputStream(content.json()))) {
      return reader.readObject();
    }
  }

  private static Content parse(LineFormat format, String line) throws UnparsableLineException {
    return format.parse(line.getBytes(StandardCharsets.UTF_8), line);
  }

  @Property
  void csvFieldsBecomeMembers(
      @ForAll("names") Set<String> names, @ForAll("fields") List<String> all)
      throws UnparsableLineException {
    List<String> fields =
        names.stream().map(name -> all.get(Math.abs(name.hashCode() % all.size()))).toList();
    LineFormat format = new LineFormat.Csv(csv(names));

    JsonObject event = json(parse(format, csv(fields)));

    assertThat(event.keySet()).isEqualTo(names);
    assertThat(names.stream().map(event::getString).toList()).isEqualTo(fields);
  }

  @Provide
  Arbitrary<Set<String>> names() {
    return field().ofMinLength(1).set().ofMinSize(1).ofMaxSize(4);
  }

  @Provide
  Arbitrary<List<String>> fields() {
    return field().list().ofMinSize(1).ofMaxSize(4);
  }

  private static net.jqwik.api.arbitraries.StringArbitrary field() {
    return Arbitraries.strings().withChars("a,\"\n;ä #".toCharArray()).ofMaxLength(6);
  }

  private static String csv(Iterable<String> fields) {
    List<String> quoted = new ArrayList<>();
    fields.forEach(field -> quoted.add('"' + field.replace("\"", "\"\"") + '"'));
    return String.join(",", quoted);
  }

  @Property
  void aRequestOfAWebServerIsFoundAgain(
      @ForAll("agents") String agent, @ForAll("seconds") long second, @ForAll("zones") ZoneId zone)
      throws UnparsableLineException {
    Instant time = Instant.ofEpochSecond(second);
    String line =
        "host - user [%s] \"GET /a b HTTP/1.1\" 200 12 \"-\" \"%s\""
            .formatted(
                DateTimeFormatter.ofPattern("dd/MMM/yyyy:HH:mm:ss Z", Locale.ENGLISH)
                    .format(time.atZone(zone)),
                agent.replace("\\", "\\\\").replace("\"", "\\\""));

    Content content = parse(new LineFormat.Combined(), line);

    assertThat(content.timestamp()).isEqualTo(time);
    assertThat(json(content).getString("user_agent")).isEqualTo(agent);
    assertThat(json(content).getString("request")).isEqualTo("GET /a b HTTP/1.1");
  }

  @Provide
  Arbitrary<String> agents() {
    return Arbitraries.strings()
        .withChars("ab\"\\ []-".toCharArray())
        .ofMaxLength(12)
        .filter(agent -> !agent.equals("-"));
  }

  @Provide
  Arbitrary<Long> seconds() {
    return Arbitraries.longs().between(0, 10_000_000_000L);
  }

  @Provide
  Arbitrary<ZoneId> zones() {
    return Arbitraries.of("UTC", "Europe/Berlin", "-09:30", "+14:00").map(ZoneId::of);
  }

  @Property
  void anyLineIsParsedOrRefused(@ForAll("almostLines") String line, @ForAll String any)
      throws UnparsableLineException {
    LineFormat.Csv csv = new LineFormat.Csv("a,b");
    for (LineFormat format : List.of(new LineFormat.NdJson(), csv, new LineFormat.Combined())) {
      for (String text : List.of(line, any)) {
        try {
          Content content = parse(format, text);
          if (format instanceof LineFormat.NdJson) {
            assertThat(content.json()).isEqualTo(text.getBytes(StandardCharsets.UTF_8));
          }
        } catch (UnparsableLineException e) {
          assertThat(e.getMessage()).isNotBlank();
        }
      }
    }
  }

  @Provide
  Arbitrary<String> almostLines() {
    return Arbitraries.of(
            "[",
            "]",
            "{",
            "}",
            "\"",
            "\\",
            " ",
            ",",
            ":",
            "1",
            "-",
            "a",
            "GET / HTTP/1.1",
            "10/Oct/2000:13:55:36 -0700",
            "32/Oct/2000:13:55:36 -0700",
            "\n",
            "\r",
            "\t",
            "9".repeat(30))
        .list()
        .ofMaxSize(20)
        .map(parts -> parts.stream().collect(Collectors.joining()));
  }
}
