package dev.datapipeline.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.datapipeline.backends.Backends;
import dev.datapipeline.it.ManagedServerExtension.ManagedServer;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.jboss.arquillian.container.test.api.Deployment;
import org.jboss.arquillian.junit5.ArquillianExtension;
import org.jboss.shrinkwrap.api.ShrinkWrap;
import org.jboss.shrinkwrap.api.spec.WebArchive;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The WAR as it is shipped, deployed to a real server with a real broker and a real database. */
@ExtendWith(ArquillianExtension.class)
class PipelineIT {
  private static final String TOPIC = "sensor_data";

  /** Compared as text: the operators of json fail on documents such as {@code "\\u0000"}. */
  private static final String SENSOR_EVENT = "payload::text LIKE '{\"id\":%,\"sensor\":%'";

  private static final Duration PATIENCE = Pipeline.PATIENCE;

  private final Backends backends = TestBackends.get();
  private final Database database = new Database(backends.postgres());
  private final Ledger ledger = new Ledger(database, TOPIC);
  private final Health health = new Health(ManagedServer.HTTP_PORT);
  private Topic topic;

  @Deployment(testable = false)
  static WebArchive application() {
    return ShrinkWrap.createFromZipFile(WebArchive.class, new File("target/datapipeline.war"));
  }

  @BeforeEach
  void isReady() {
    await("ready").atMost(PATIENCE).until(health::ready, "UP"::equals);
    topic = new Topic(TOPIC, backends.kafka().bootstrapServers());
  }

  @AfterEach
  void close() {
    topic.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"b\":1,\"a\":2,\"b\":3}",
        "{ \"spaced\" :\t1.50e+3,\n \"big\": 123456789012345678901234567890.10 }",
        "{\"text\":\"Grüße, \\u00e9, 𝄞, \\u0000, \\ud800\"}",
        "[]",
        "\"a lone string\"",
        "null",
        "  0  "
      })
  void anEventIsStoredByteForByte(String json) {
    RecordMetadata sent = topic.send(json);

    await().atMost(PATIENCE).until(() -> stored(sent).size() == 1);
    assertThat(stored(sent)).containsExactly(List.of(json));
  }

  @ParameterizedTest
  @ValueSource(strings = {"none", "gzip", "lz4", "snappy", "zstd"})
  void aCompressedEventIsStored(String codec) {
    String json = "\"%s\"".formatted(codec.repeat(100));
    try (Topic compressing = Topic.compressing(TOPIC, backends.kafka().bootstrapServers(), codec)) {
      RecordMetadata sent = compressing.send(json);

      await().atMost(PATIENCE).until(() -> stored(sent).size() == 1);
      assertThat(stored(sent)).containsExactly(List.of(json));
    }
  }

  private List<List<String>> stored(RecordMetadata sent) {
    return database.query(
        "SELECT payload::text FROM raw_events_source"
            + " WHERE topic = ? AND partition = ? AND kafka_offset = ?",
        sent.topic(),
        sent.partition(),
        sent.offset());
  }

  @Test
  void theTimestampIsThatOfTheRecord() {
    Instant moment = Instant.parse("2001-02-03T04:05:06.789Z");
    RecordMetadata sent =
        topic.send(
            new ProducerRecord<>(
                TOPIC, null, moment.toEpochMilli(), null, "1".getBytes(StandardCharsets.UTF_8)));

    await().atMost(PATIENCE).until(() -> stored(sent).size() == 1);
    assertThat(
            database.query(
                "SELECT \"timestamp\" AT TIME ZONE 'UTC' FROM raw_events_source"
                    + " WHERE topic = ? AND partition = ? AND kafka_offset = ?",
                TOPIC,
                sent.partition(),
                sent.offset()))
        .containsExactly(List.of("2001-02-03 04:05:06.789"));
  }

  @Test
  void theTimerProduces() {
    long before = sensorEvents();

    await().atMost(PATIENCE).until(() -> sensorEvents() >= before + 10);
    assertThat(
            database.number(
                "SELECT count(*) FROM raw_events_source WHERE topic = ? AND CASE WHEN "
                    + SENSOR_EVENT
                    + " THEN payload->>'sensor' IS NOT NULL AND payload->>'unit' IS NOT NULL"
                    + " AND (payload->>'id')::uuid IS NOT NULL"
                    + " AND (payload->>'value')::numeric IS NOT NULL"
                    + " AND (payload->>'timestamp')::timestamptz = \"timestamp\" END",
                TOPIC))
        .isGreaterThanOrEqualTo(10);
  }

  private long sensorEvents() {
    return database.number(
        "SELECT count(*) FROM raw_events_source WHERE topic = ? AND " + SENSOR_EVENT, TOPIC);
  }

  @Test
  void onlyTheInvalidRecordIsDeadLettered() {
    topic.offer("{\"before\":1}");
    RecordMetadata guilty = topic.send("{\"broken\":");
    topic.offer("{\"after\":1}");
    topic.flush();

    awaitEverythingStored();
    assertThat(
            database.query(
                "SELECT convert_from(d.payload, 'UTF8'), d.sqlstate FROM dead_letters d"
                    + " JOIN topic_partitions p ON p.id = d.topic_partition_id"
                    + " WHERE p.topic = ? AND p.partition = ? AND d.kafka_offset = ?",
                TOPIC,
                guilty.partition(),
                guilty.offset()))
        .containsExactly(List.of("{\"broken\":", "22P02"));
    assertThat(ledger.faults()).isEmpty();
  }

  private void awaitEverythingStored() {
    var ends = topic.endOffsets();
    await().atMost(PATIENCE).until(() -> ledger.isComplete(ends));
  }
}
