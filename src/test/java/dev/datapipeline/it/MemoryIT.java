package dev.datapipeline.it;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import jakarta.json.JsonArray;
import jakarta.json.JsonObject;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Neither many records nor large ones fill the heap, whatever part of them is large. */
class MemoryIT {
  private static final int MEBIBYTE = 1 << 20;

  private static Pipeline pipeline;
  private static Application application;
  private static Api api;

  /** Small on the wire, whatever they grow to. */
  private static KafkaProducer<byte[], byte[]> producer;

  @BeforeAll
  static void start() {
    pipeline =
        new Pipeline("memory", 1, Map.of("max.message.bytes", Integer.toString(8 * MEBIBYTE)));
    application = pipeline.running();
    api = new Api(application.httpPort());
    producer =
        pipeline.newProducer(
            Map.of(
                ProducerConfig.COMPRESSION_TYPE_CONFIG,
                "gzip",
                ProducerConfig.MAX_REQUEST_SIZE_CONFIG,
                256 * MEBIBYTE,
                ProducerConfig.BUFFER_MEMORY_CONFIG,
                512L * MEBIBYTE,
                ProducerConfig.BATCH_SIZE_CONFIG,
                MEBIBYTE));
  }

  @AfterAll
  static void close() {
    producer.close();
    pipeline.close();
  }

  private static Future<RecordMetadata> send(byte[] value, Header... headers) {
    return producer.send(
        new ProducerRecord<>(pipeline.name(), 0, null, null, value, List.of(headers)));
  }

  private static byte[] filled(int bytes, char with) {
    byte[] value = new byte[bytes];
    Arrays.fill(value, (byte) with);
    return value;
  }

  private static void assertNothingIsMissing() {
    pipeline.awaitNoLag();
    assertThat(new Ledger(pipeline.database(), pipeline.name()).faults()).isEmpty();
    assertThat(application.log()).noneMatch(line -> line.contains("OutOfMemoryError"));
  }

  @Test
  void recordsWithLargeHeadersWaitForTheDatabaseInTheTopic() throws IOException {
    int records = 60_000;
    Header header = new RecordHeader("padding", filled(8192, 'h'));
    byte[] value = "\"%s\"".formatted("v".repeat(98)).getBytes(UTF_8);
    long before = pipeline.stored();
    pipeline.backends().postgres().stopImmediately();
    try {
      for (int i = 0; i < records; i++) {
        send(value, header);
      }
      producer.flush();
      await("the queue is full")
          .atMost(Pipeline.PATIENCE)
          .ignoreExceptions()
          .until(() -> Metrics.of(application).sum("datapipeline_queue_bytes") >= 16 * MEBIBYTE);
      assertThat(application.health().live()).isEqualTo("UP");
    } finally {
      pipeline.backends().postgres().start();
    }

    assertNothingIsMissing();
    assertThat(pipeline.stored() - before).isEqualTo(records);
  }

  @Test
  void recordsThatAreTooLargeArePassedByAndPutOnRecord() throws Exception {
    for (int i = 0; i < 500; i++) {
      send("{\"neighbour\":%d}".formatted(i).getBytes(UTF_8));
    }
    RecordMetadata spaces = send(filled(150 * MEBIBYTE, ' ')).get();
    RecordMetadata invalid =
        send(filled(40 * MEBIBYTE, 'x'), new RecordHeader("from", "here".getBytes(UTF_8))).get();
    RecordMetadata invalidWithinTheLimit = send(filled(12 * MEBIBYTE, 'x')).get();
    RecordMetadata large = send(filled(12 * MEBIBYTE, '1')).get();
    for (int i = 500; i < 1000; i++) {
      send("{\"neighbour\":%d}".formatted(i).getBytes(UTF_8));
    }
    producer.flush();

    assertNothingIsMissing();
    assertThat(
            pipeline
                .database()
                .number(
                    Database.ofTopic(
                        "SELECT count(*) FROM own WHERE payload::text LIKE '{\"neighbour%'"),
                    pipeline.name()))
        .isEqualTo(1000);
    assertThat(letter(large)).isEmpty();
    assertThat(letter(spaces)).hasValueSatisfying(row -> isOnRecord(row, spaces, 150));
    assertThat(letter(invalid))
        .hasValueSatisfying(
            row -> {
              isOnRecord(row, invalid, 40);
              assertThat(row.get(3)).contains("here");
            });
    assertThat(letter(invalidWithinTheLimit))
        .hasValueSatisfying(
            row -> {
              assertThat(row.get(0)).isEqualTo("22P02");
              assertThat(row.get(2)).isEqualTo(Integer.toString(12 * MEBIBYTE));
            });
    assertDeadLettersArePaged(invalidWithinTheLimit, invalid, spaces);
  }

  /** The large one is a page of its own. */
  private static void assertDeadLettersArePaged(
      RecordMetadata large, RecordMetadata... withoutPayload) {
    String path = "/api/dead-letters?topic=" + pipeline.name();
    JsonObject first = api.json(path);
    assertThat(offsets(first.getJsonArray("deadLetters"))).containsExactly(large.offset());

    JsonObject second = api.json(path + "&before=" + first.getJsonNumber("nextBefore"));
    JsonArray letters = second.getJsonArray("deadLetters");
    assertThat(offsets(letters))
        .containsExactlyElementsOf(Stream.of(withoutPayload).map(RecordMetadata::offset).toList());
    assertThat(letters.getValuesAs(JsonObject.class)).allMatch(letter -> letter.isNull("payload"));
    assertThat(second).doesNotContainKey("nextBefore");
  }

  private static List<Long> offsets(JsonArray rows) {
    return rows.getValuesAs(JsonObject.class).stream()
        .map(row -> row.getJsonNumber("offset").longValue())
        .collect(Collectors.toCollection(ArrayList::new));
  }

  @Test
  void aPageOfLargeEventsEndsBeforeItsLimit() throws Exception {
    List<Long> sent = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      byte[] value = filled(MEBIBYTE, 'x');
      value[0] = '"';
      value[MEBIBYTE - 1] = '"';
      sent.add(0, send(value).get().offset());
    }
    pipeline.awaitNoLag();

    List<Long> read = new ArrayList<>();
    String next = "/api/events?topic=%s&limit=100".formatted(pipeline.name());
    while (read.size() < sent.size()) {
      JsonObject page = api.json(next);
      List<Long> offsets = offsets(page.getJsonArray("events"));
      // events of other tests may follow
      offsets.removeIf(offset -> !sent.contains(offset));
      assertThat(offsets).hasSizeBetween(1, 4);
      read.addAll(offsets);
      next = page.getString("next", null);
    }
    assertThat(read).isEqualTo(sent);
  }

  /** As docs/operations.md says. */
  @Test
  void aBrokerCanRefuseRecordsByTheirUncompressedSize() throws Exception {
    try (Pipeline refusing =
        new Pipeline(
            "refusing",
            1,
            Map.of(
                "compression.type",
                "uncompressed",
                "max.message.bytes",
                Integer.toString(MEBIBYTE)))) {
      producer.send(new ProducerRecord<>(refusing.name(), filled(MEBIBYTE / 2, 'x'))).get();

      assertThatThrownBy(
              () ->
                  producer
                      .send(new ProducerRecord<>(refusing.name(), filled(2 * MEBIBYTE, 'x')))
                      .get())
          .hasCauseInstanceOf(RecordTooLargeException.class);
    }
  }

  /** Returns SQLSTATE, reason, size, headers and id of a record's dead letter. */
  private static Optional<List<String>> letter(RecordMetadata record) {
    return pipeline
        .database()
        .query(
            "SELECT d.sqlstate, d.reason, length(d.payload), d.headers, d.id FROM dead_letters d"
                + " JOIN topic_partitions p ON p.id = d.topic_partition_id"
                + " WHERE p.topic = ? AND d.kafka_offset = ?",
            pipeline.name(),
            record.offset())
        .stream()
        .findFirst();
  }

  private static void isOnRecord(List<String> letter, RecordMetadata record, int mebibytes) {
    assertThat(letter.get(0)).isEqualTo("54000");
    assertThat(letter.get(1))
        .contains(
            "the value " + mebibytes * MEBIBYTE,
            "CONSUMER_MAX_RECORD_BYTES",
            "topic %s, partition 0, offset %d".formatted(pipeline.name(), record.offset()));
    assertThat(letter.get(2)).isNull();
    // there is nothing to replay, and trying does no harm
    assertThat(
            pipeline
                .database()
                .query(
                    "SELECT replayed FROM replay_dead_letters(ids => ARRAY[%s])"
                        .formatted(letter.get(4))))
        .containsExactly(List.of("f"));
  }
}
