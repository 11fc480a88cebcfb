package dev.datapipeline.api.intake;

import static org.assertj.core.api.Assertions.assertThat;

import dev.datapipeline.api.JsonTexts;
import dev.datapipeline.config.ApiConfig;
import dev.datapipeline.http.ProblemException;
import dev.datapipeline.tracing.SendSpan;
import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonReader;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MultivaluedHashMap;
import jakarta.ws.rs.core.Response;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.lang.reflect.Proxy;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.zip.GZIPOutputStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.constraints.IntRange;
import org.apache.kafka.clients.producer.ProducerRecord;

/** What holds for every request that posts events. */
class PostRequestPropertyTest {
  private static final int MAX_EVENT_BYTES = 100_000;
  private static final ApiConfig CONFIG =
      new ApiConfig(
          ApiConfig.ReadAccess.LOOPBACK,
          "",
          List.of(),
          Duration.ofSeconds(10),
          1,
          MAX_EVENT_BYTES,
          1,
          Duration.ofMinutes(10),
          1,
          Duration.ofSeconds(10));

  private final List<ProducerRecord<String, byte[]>> sent = new ArrayList<>();

  /** An answer as the client gets it. */
  private record Answer(int status, JsonObject body) {
    static Answer of(Response response) {
      try (JsonReader reader = Json.createReader(new StringReader((String) response.getEntity()))) {
        return new Answer(response.getStatus(), reader.readObject());
      }
    }
  }

  /** Serves a request. Whatever is thrown but a problem would be a 500. */
  private Answer post(Map<String, String> headers, InputStream body) {
    sent.clear();
    Posting posting =
        new Posting(
            record -> {
              sent.add(record);
              return CompletableFuture.completedFuture(null);
            },
            topic -> SendSpan.OFF,
            Duration.ofSeconds(10));
    try {
      return Answer.of(new PostRequest("t", headers(headers), posting, CONFIG).serve(body));
    } catch (ProblemException e) {
      return Answer.of(e.getResponse());
    }
  }

  private static HttpHeaders headers(Map<String, String> headers) {
    TreeMap<String, String> values = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    values.putAll(headers);
    return (HttpHeaders)
        Proxy.newProxyInstance(
            HttpHeaders.class.getClassLoader(),
            new Class<?>[] {HttpHeaders.class},
            (proxy, method, arguments) ->
                method.getName().equals("getHeaderString")
                    ? values.get(arguments[0])
                    : new MultivaluedHashMap<>(values));
  }

  private List<String> events() {
    return sent.stream().map(record -> new String(record.value(), StandardCharsets.UTF_8)).toList();
  }

  /** A body that arrives in pieces. */
  private static InputStream inPieces(byte[] bytes, int size) {
    return new ByteArrayInputStream(bytes) {
      @Override
      public synchronized int read(byte[] buffer, int offset, int length) {
        return super.read(buffer, offset, Math.min(length, size));
      }
    };
  }

  private static byte[] gzip(byte[] bytes) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(bytes);
    }
    return out.toByteArray();
  }

  @Provide
  Arbitrary<List<String>> documents() {
    return JsonTexts.documents().list().ofMinSize(1).ofMaxSize(6);
  }

  @Provide
  Arbitrary<String> document() {
    return JsonTexts.documents();
  }

  @Provide
  Arbitrary<String> space() {
    return JsonTexts.space();
  }

  @Property(tries = 200)
  void theEventsOfABodyAreSentAsTheyAreHoweverTheBodyArrives(
      @ForAll("documents") List<String> documents,
      @ForAll boolean lines,
      @ForAll boolean compressed,
      @ForAll("space") String space,
      @ForAll @IntRange(min = 1, max = 40) int piece)
      throws IOException {
    List<String> expected =
        lines ? documents.stream().map(d -> d.replaceAll("[\r\n]", " ")).toList() : documents;
    String body =
        lines
            ? expected.stream().collect(Collectors.joining(space + "\n" + space))
            : expected.stream()
                .collect(Collectors.joining(space + "," + space, "[" + space, space + "]"));
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);

    Answer answer =
        post(
            Map.of(
                "Content-Type",
                lines ? "application/x-ndjson" : "application/json",
                "Content-Encoding",
                compressed ? "gzip" : "identity"),
            inPieces(compressed ? gzip(bytes) : bytes, piece));

    assertThat(answer.status()).as(answer.toString()).isEqualTo(202);
    assertThat(answer.body().getInt("accepted")).isEqualTo(expected.size());
    assertThat(events()).isEqualTo(expected);
  }

  @Property(tries = 500)
  void anyBodyIsAcceptedOrRefusedWithAReason(
      @ForAll("bodies") byte[] body,
      @ForAll("contentTypes") String contentType,
      @ForAll("encodings") String encoding)
      throws IOException {
    Answer answer =
        post(
            Map.of("Content-Type", contentType, "Content-Encoding", encoding),
            new ByteArrayInputStream(body));

    if (answer.status() != 202) {
      assertThat(answer.status()).isIn(400, 413, 415);
      assertThat(answer.body().getString("detail")).isNotBlank().doesNotContain("\n");
    }
    assertThat(answer.body().getInt("accepted", 0)).isEqualTo(sent.size());
    for (String event : events()) {
      assertThat(JsonTexts.tokens(event)).isNotEmpty();
    }
  }

  @Provide
  Arbitrary<byte[]> bodies() {
    Arbitrary<byte[]> any = Arbitraries.bytes().array(byte[].class).ofMaxSize(100);
    Arbitrary<byte[]> pieces =
        Arbitraries.of(
                "[",
                "]",
                "{",
                "}",
                "\"",
                "\\",
                "\\u12",
                ",",
                ":",
                " ",
                "\n",
                "\r",
                "1",
                "-",
                ".",
                "e",
                "\"a\"",
                "tru",
                "true",
                "null",
                "NaN",
                "'",
                "é",
                "\0",
                "\u001f",
                "\uFEFF",
                "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/s\",\"type\":\"t\"}",
                "{\"time\":\"2026-01-01T00:00:00Z\"}",
                "{\"timestamp\":\"+999999999-12-31T23:59:59Z\"}")
            .list()
            .ofMaxSize(12)
            .map(list -> String.join("", list).getBytes(StandardCharsets.UTF_8));
    Arbitrary<byte[]> changed =
        Combinators.combine(
                JsonTexts.documents().list().ofMinSize(1).ofMaxSize(3),
                Arbitraries.integers().between(0, 200),
                Arbitraries.bytes())
            .as(
                (documents, at, value) -> {
                  byte[] bytes = documents.toString().getBytes(StandardCharsets.UTF_8);
                  bytes[at % bytes.length] = value;
                  return bytes;
                });
    Arbitrary<byte[]> compressed =
        Combinators.combine(changed, Arbitraries.integers().between(0, 300), Arbitraries.bytes())
            .as(
                (body, at, value) -> {
                  byte[] bytes;
                  try {
                    bytes = gzip(body);
                  } catch (IOException e) {
                    throw new AssertionError(e);
                  }
                  if (at < bytes.length) {
                    bytes[at] = value;
                  }
                  return at % 3 == 0 ? Arrays.copyOf(bytes, at % bytes.length) : bytes;
                });
    return Arbitraries.oneOf(any, pieces, changed, compressed);
  }

  @Provide
  Arbitrary<String> contentTypes() {
    return Arbitraries.frequencyOf(
        Tuple.of(
            20,
            Arbitraries.of(
                "application/json",
                "application/json; charset=utf-8",
                "application/x-ndjson",
                "application/cloudevents+json",
                "application/cloudevents-batch+json")),
        Tuple.of(1, Arbitraries.strings().ofMaxLength(30)));
  }

  @Provide
  Arbitrary<String> encodings() {
    return Arbitraries.frequencyOf(
        Tuple.of(10, Arbitraries.of("identity", "gzip")),
        Tuple.of(1, Arbitraries.strings().ofMaxLength(10)));
  }

  @Property(tries = 100)
  void nestingOfAnyDepthIsAcceptedOrRefusedWithAReason(
      @ForAll @IntRange(min = 1, max = 40_000) int depth,
      @ForAll boolean objects,
      @ForAll boolean closed) {
    String body =
        "{\"a\":"
            + (objects ? "{\"\":" : "[").repeat(depth)
            + "1"
            + (closed ? (objects ? "}" : "]").repeat(depth) + "}" : "");

    Answer answer =
        post(
            Map.of("Content-Type", "application/json"),
            new ByteArrayInputStream(body.getBytes(StandardCharsets.UTF_8)));

    assertThat(answer.status()).isIn(closed ? List.of(202, 400, 413) : List.of(400, 413));
    if (closed && depth < 900) {
      assertThat(answer.status()).isEqualTo(202);
    }
  }

  @Property(tries = 100)
  void aNumberOfAnySizeIsSentAsItIs(
      @ForAll @IntRange(min = 1, max = 50_000) int digits, @ForAll("exponents") String exponent) {
    String body = "-" + "9".repeat(digits) + exponent;

    Answer answer =
        post(
            Map.of("Content-Type", "application/json"),
            new ByteArrayInputStream(body.getBytes(StandardCharsets.UTF_8)));

    assertThat(answer.status()).isEqualTo(202);
    assertThat(events()).containsExactly(body);
  }

  @Provide
  Arbitrary<String> exponents() {
    return Arbitraries.of("", ".5", "e9", "E+99999999999", "e-99999999999999999999", ".0e0");
  }

  /** Attributes are headers in ASCII, so other characters are percent-encoded. */
  @Property(tries = 200)
  void theAttributesOfACloudEventInBinaryModeBecomeItsMembers(
      @ForAll("texts") String subject, @ForAll("document") String body) throws IOException {

    Answer answer =
        post(
            Map.of(
                "Content-Type", "application/json",
                "ce-specversion", "1.0",
                "CE-id", "1",
                "ce-Source", "/s",
                "ce-type", "t",
                "ce-subject",
                    URLEncoder.encode(subject, StandardCharsets.UTF_8).replace("+", "%20")),
            new ByteArrayInputStream(body.getBytes(StandardCharsets.UTF_8)));

    assertThat(answer.status()).as(answer.toString()).isEqualTo(202);
    List<String> tokens = JsonTexts.tokens(events().get(0));
    assertThat(tokens)
        .containsSubsequence("FIELD_NAME subject", "VALUE_STRING " + subject)
        .containsSubsequence("FIELD_NAME id", "VALUE_STRING 1");
    assertThat(events().get(0)).endsWith(",\"data\":" + body + "}");
  }

  @Provide
  Arbitrary<String> texts() {
    return Arbitraries.strings()
        .ofMaxLength(20)
        .filter(
            text ->
                text.equals(
                    new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8)));
  }
}
