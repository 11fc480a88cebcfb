package dev.datapipeline.it;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Transactions leave offsets without a record: their markers and their aborted records. */
class TransactionsIT {
  private static final int PARTITIONS = 3;
  private static final int PER_TRANSACTION = 7;

  private static Pipeline pipeline;

  @BeforeAll
  static void start() {
    pipeline = new Pipeline("transactions", PARTITIONS).with("CONSUMER_STALL_TIMEOUT", "PT3S");
  }

  @AfterAll
  static void close() {
    pipeline.close();
  }

  @Test
  void committedRecordsAreStoredAndThePositionReachesTheEnd() {
    try (Producer<byte[], byte[]> producer =
        pipeline.newProducer(Map.of(ProducerConfig.TRANSACTIONAL_ID_CONFIG, "transactions"))) {
      producer.initTransactions();
      transactions(producer, 60);
      pipeline.running();
      transactions(producer, 60);

      pipeline.assertEverythingStoredExactlyOnce();
      pipeline.awaitNoLag();

      // each partition ends with a marker behind aborted records
      transaction(producer, false);
      pipeline.awaitNoLag();
    }
    assertThat(
            pipeline
                .database()
                .number(
                    "SELECT count(*) FROM raw_events_source"
                        + " WHERE topic = ? AND payload->>'committed' = 'false'",
                    pipeline.name()))
        .isZero();

    pipeline.instance().stop();
    pipeline.running();
    pipeline.send(PARTITIONS);

    pipeline.assertEverythingStoredExactlyOnce();
    pipeline.awaitNoLag();
  }

  /** Records of an open transaction cannot be read yet, so they are no lag. */
  @Test
  void anOpenTransactionIsReportedAndIsNoStall() throws Exception {
    pipeline.running();
    try (Producer<byte[], byte[]> producer =
        pipeline.newProducer(Map.of(ProducerConfig.TRANSACTIONAL_ID_CONFIG, "open"))) {
      producer.initTransactions();
      producer.beginTransaction();
      producer.send(new ProducerRecord<>(pipeline.name(), 0, null, "{}".getBytes(UTF_8)));
      producer.flush();

      await("ready for longer than the stall timeout")
          .during(Duration.ofSeconds(10))
          .atMost(Duration.ofSeconds(30))
          .until(pipeline.instance().health()::ready, "UP"::equals);
      assertThat(openTransactionSeconds()).isGreaterThan(5);
      producer.commitTransaction();
    }
    await().atMost(Pipeline.PATIENCE).until(() -> openTransactionSeconds() == 0);
    pipeline.assertEverythingStoredExactlyOnce();
    pipeline.awaitNoLag();
  }

  private static double openTransactionSeconds() throws Exception {
    return Metrics.of(pipeline.instance()).sum("datapipeline_open_transaction_seconds");
  }

  /** Offsets without a record do not show which incarnation of the topic they belong to. */
  @Test
  void aRecreatedTopicMayBeginWithAnAbortedTransaction() {
    pipeline.running();
    pipeline.send(PARTITIONS);
    pipeline.assertEverythingStoredExactlyOnce();
    try (TopicContent former = pipeline.content();
        Producer<byte[], byte[]> producer =
            pipeline.newProducer(Map.of(ProducerConfig.TRANSACTIONAL_ID_CONFIG, "again"))) {
      producer.initTransactions();
      UUID formerId = pipeline.topicId();
      long formerPosition = position(formerId);
      pipeline.deleteTopic();
      pipeline.createTopic();
      for (long stored = pipeline.stored(), sent = 0; sent <= stored; sent += PER_TRANSACTION) {
        transaction(producer, false);
      }

      await("the new topic's position at its end")
          .atMost(Pipeline.PATIENCE)
          .until(() -> position(pipeline.topicId()) == pipeline.end());
      assertThat(position(formerId)).isEqualTo(formerPosition);
      pipeline.send(PARTITIONS);
      pipeline.assertEverythingStoredExactlyOnce();
      assertThat(former.faults()).isEmpty();
    }
  }

  private static long position(UUID topicId) {
    return pipeline
        .database()
        .number(
            "SELECT coalesce(sum(next_offset), 0) FROM topic_partitions WHERE topic_id::text = ?",
            topicId.toString());
  }

  private static void transactions(Producer<byte[], byte[]> producer, int count) {
    for (int i = 0; i < count; i++) {
      transaction(producer, i % 4 != 3);
    }
  }

  private static void transaction(Producer<byte[], byte[]> producer, boolean commit) {
    producer.beginTransaction();
    for (int i = 0; i < PER_TRANSACTION; i++) {
      producer.send(
          new ProducerRecord<>(
              pipeline.name(),
              i % PARTITIONS,
              null,
              "{\"i\":%d,\"committed\":%b}".formatted(i, commit).getBytes(UTF_8)));
    }
    producer.flush();
    if (commit) {
      producer.commitTransaction();
    } else {
      producer.abortTransaction();
    }
  }
}
