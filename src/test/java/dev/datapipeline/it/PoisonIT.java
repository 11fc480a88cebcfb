package dev.datapipeline.it;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jakarta.json.JsonObject;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Records that PostgreSQL refuses as JSON go to the dead letters, with their bytes and the reason.
 * Unusual but valid records, and all others of the same batch, are stored byte for byte.
 */
class PoisonIT {
  private static final int MEBIBYTE = 1 << 20;
  private static final byte[] KEY = {'k', 0, (byte) 0xff};

  private record Case(String name, byte[] value, Long timestamp, String sqlState, String reason) {
    static Case stored(String name, String value) {
      return new Case(name, value.getBytes(UTF_8), null, null, null);
    }

    static Case at(String name, long timestamp) {
      return new Case(name, "{}".getBytes(UTF_8), timestamp, null, null);
    }

    static Case rejected(String name, byte[] value, String sqlState, String reason) {
      return new Case(name, value, null, sqlState, reason);
    }

    static Case rejected(String name, String value, String sqlState, String reason) {
      return rejected(name, value.getBytes(UTF_8), sqlState, reason);
    }
  }

  private static final List<Case> CASES =
      List.of(
          Case.stored("duplicate keys", "{\"a\":1,\"a\":2,\"a\":[]}"),
          Case.stored("an escaped NUL", "{\"a\":\"\\u0000\"}"),
          Case.stored("a lone high surrogate, escaped", "[\"\\ud800\"]"),
          Case.stored("a lone low surrogate, escaped", "[\"\\udfff\\ud800\"]"),
          Case.stored("a number with a huge exponent", "[1e999999999999, -1E-999999999999]"),
          Case.stored("a number of 100,000 digits", "9".repeat(100_000) + "." + "1".repeat(100)),
          Case.stored(
              "characters outside of the first plane", "{\"\uD834\uDD1E\":\"\uD83D\uDE00\"}"),
          Case.stored("white space around everything", " \t\r\n[ 1 , 2 ]\n\n "),
          Case.stored("1,000 levels of nesting", nested(1_000)),
          Case.stored("a key of 1 KiB", "{\"" + "k".repeat(1024) + "\":null}"),
          Case.stored("1 MiB", document(MEBIBYTE)),
          Case.rejected(
              "1 MiB without an end", document(MEBIBYTE).replace("\"]", "\""), "22P02", "json"),
          Case.rejected("100,000 levels of nesting", nested(100_000), "54001", "stack depth"),
          Case.rejected("no JSON", "{\"a\":", "22P02", "The input string ended unexpectedly"),
          Case.rejected("an unknown word", "{\"a\":NaN}", "22P02", "Token \"NaN\" is invalid"),
          Case.rejected("two documents", "{}{}", "22P02", "Expected end of input"),
          Case.rejected("no value at all", (byte[]) null, "23502", "tombstone"),
          Case.rejected("an empty value", "", "22P02", "The input string ended unexpectedly"),
          Case.rejected("only white space", "  ", "22P02", "The input string ended unexpectedly"),
          Case.rejected("a NUL byte", "{\"a\":\"b\0c\"}", "22021", "0x00 at position 7"),
          Case.rejected("a NUL byte behind all", "{}\0", "22021", "0x00 at position 2"),
          Case.rejected("only NUL bytes", "\0\0", "22021", "0x00 at position 0"),
          Case.rejected(
              "a raw control character", "\"a\u0001b\"", "22P02", "Character with value 0x01"),
          Case.rejected("a byte order mark", "\uFEFF{}", "22P02", "is invalid"),
          Case.rejected("an incomplete escape", "\"\\u12\"", "22P02", "\\u"),
          Case.rejected(
              "Latin-1", "\"\u00e9\"".getBytes(ISO_8859_1), "22021", "0xe9 at position 1"),
          Case.rejected(
              "a lone surrogate, raw",
              "\"\u00ed\u00a0\u0080\"".getBytes(ISO_8859_1),
              "22021",
              "0xed at position 1"),
          Case.rejected(
              "an overlong encoding",
              "\"\u00c0\u00af\"".getBytes(ISO_8859_1),
              "22021",
              "0xc0 at position 1"),
          Case.rejected(
              "a sequence that is cut off",
              "\"\u00e2\u0082".getBytes(ISO_8859_1),
              "22021",
              "0xe2 at position 1"),
          Case.at("the epoch", 0),
          Case.at("the year 9999", 253_402_300_799_000L),
          Case.at("the year 292,277", 9_223_371_331_199_999L),
          Case.at("the last moment that Kafka can say", Long.MAX_VALUE));

  private static Pipeline pipeline;
  private static final List<RecordMetadata> SENT = new ArrayList<>();
  private static final List<RecordMetadata> NEIGHBOURS = new ArrayList<>();

  private static String nested(int levels) {
    return "[".repeat(levels) + "]".repeat(levels);
  }

  private static String document(int bytes) {
    return "[\"" + "x".repeat(bytes - 4) + "\"]";
  }

  /**
   * Everything is on one partition before the application starts, so one poll returns many records.
   */
  @BeforeAll
  static void send() throws Exception {
    pipeline =
        new Pipeline(
            "poison",
            1,
            Map.of(
                "max.message.bytes", Integer.toString(2 * MEBIBYTE),
                "message.timestamp.after.max.ms", Long.toString(Long.MAX_VALUE),
                "retention.ms", "-1"));
    List<Future<RecordMetadata>> cases = new ArrayList<>();
    List<Future<RecordMetadata>> neighbours = new ArrayList<>();
    for (Case each : CASES) {
      neighbours.add(send("{\"before\":\"%s\"}".formatted(each.name)));
      cases.add(
          pipeline
              .producer()
              .send(
                  new ProducerRecord<>(
                      pipeline.name(),
                      0,
                      each.timestamp,
                      KEY,
                      each.value,
                      List.of(
                          new RecordHeader("text", "Gr\u00fc\u00dfe \"x\"".getBytes(UTF_8)),
                          new RecordHeader("bytes", new byte[] {(byte) 0xff, 0}),
                          new RecordHeader("none", (byte[]) null)))));
    }
    neighbours.add(send("{\"behind\":\"all\"}"));
    pipeline.producer().flush();
    for (Future<RecordMetadata> sent : cases) {
      SENT.add(sent.get());
    }
    for (Future<RecordMetadata> sent : neighbours) {
      NEIGHBOURS.add(sent.get());
    }
    pipeline.running();
    try (TopicContent content = pipeline.content()) {
      await().atMost(Pipeline.PATIENCE).until(content::isStored);
    }
  }

  private static Future<RecordMetadata> send(String value) {
    return pipeline
        .producer()
        .send(new ProducerRecord<>(pipeline.name(), 0, null, value.getBytes(UTF_8)));
  }

  @AfterAll
  static void close() {
    pipeline.close();
  }

  @TestFactory
  List<DynamicTest> eachIsStoredOrDeadLettered() {
    List<DynamicTest> tests = new ArrayList<>();
    for (int i = 0; i < CASES.size(); i++) {
      Case each = CASES.get(i);
      long offset = SENT.get(i).offset();
      tests.add(
          DynamicTest.dynamicTest(
              each.name,
              each.sqlState == null ? () -> isStored(offset) : () -> isDead(each, offset)));
    }
    return tests;
  }

  private static void isStored(long offset) {
    assertThat(
            pipeline
                .database()
                .query(
                    "SELECT 1 FROM raw_events_source WHERE topic = ? AND kafka_offset = ?",
                    pipeline.name(),
                    offset))
        .hasSize(1);
  }

  private static void isDead(Case each, long offset) {
    List<List<String>> letters =
        pipeline
            .database()
            .query(
                "SELECT d.sqlstate, d.reason, encode(d.key, 'hex'), d.headers->0->>'value',"
                    + " d.headers->1->>'base64', d.headers->2->>'key', d.payload IS NULL"
                    + " FROM dead_letters d JOIN topic_partitions p ON p.id = d.topic_partition_id"
                    + " WHERE p.topic = ? AND d.kafka_offset = ?",
                pipeline.name(),
                offset);
    assertThat(letters).hasSize(1);
    List<String> letter = letters.get(0);
    assertThat(letter.get(0)).isEqualTo(each.sqlState);
    assertThat(letter.get(1)).contains(each.reason).doesNotContain("\n");
    assertThat(letter.subList(2, 6))
        .containsExactly("6b00ff", "Gr\u00fc\u00dfe \"x\"", "/wA=", "none");
    assertThat(letter.get(6)).isEqualTo(each.value == null ? "t" : "f");
  }

  /** Compares the bytes, too. */
  @Test
  void everythingIsStoredExactlyOnce() {
    pipeline.assertEverythingStoredExactlyOnce();
  }

  @Test
  void recordsOfTheSameBatchAreStored() {
    NEIGHBOURS.forEach(neighbour -> isStored(neighbour.offset()));
  }

  @Test
  void timestampsAreKept() {
    assertThat(
            pipeline
                .database()
                .query(
                    "SELECT \"timestamp\" AT TIME ZONE 'UTC' FROM raw_events_source"
                        + " WHERE topic = ? AND kafka_offset >= ? AND payload::text = '{}'"
                        + " ORDER BY kafka_offset",
                    pipeline.name(),
                    SENT.get(CASES.size() - 4).offset()))
        .containsExactly(
            List.of("1970-01-01 00:00:00"),
            List.of("9999-12-31 23:59:59"),
            List.of("294247-01-01 23:59:59.999"),
            List.of("infinity"));
  }

  /** Also at the limits of {@code timestamptz}. The row with the largest id is the oldest event. */
  @Test
  void pagesLeadThroughAllTimestamps() {
    Database database = pipeline.database();
    database.execute(
        "INSERT INTO raw_events (\"timestamp\", payload, topic_partition_id, kafka_offset)"
            + " SELECT t::timestamptz, '{\"edge\":1}', -1, 0 FROM unnest(ARRAY['infinity', 'infinity',"
            + " '294276-12-31 23:59:59.999999Z', '2300-01-01Z', 'now', '-infinity', '-infinity',"
            + " '1970-01-01 00:00:00Z', '0044-03-15 12:00:00Z BC']) AS t");
    List<String> seen = new ArrayList<>();
    try {
      Api api = new Api(pipeline.instance().httpPort());
      String next = "/api/events?path=edge&value=1&limit=1";
      while (next != null && seen.size() < 10) {
        HttpResponse<String> response = api.get(next);
        assertThat(response.statusCode()).as(next + " " + response.body()).isEqualTo(200);
        JsonObject page = Api.json(response);
        page.getJsonArray("events").getValuesAs(JsonObject.class).stream()
            .map(event -> event.get("id").toString())
            .forEach(seen::add);
        next = page.getString("next", null);
      }

      assertThat(seen)
          .hasSize(9)
          .containsExactlyElementsOf(
              database
                  .query(
                      "SELECT id FROM raw_events WHERE topic_partition_id = -1"
                          + " ORDER BY \"timestamp\" DESC, id DESC")
                  .stream()
                  .map(row -> row.get(0))
                  .toList());
    } finally {
      database.execute("DELETE FROM raw_events WHERE topic_partition_id = -1");
    }
  }
}
