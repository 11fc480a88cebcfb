package dev.datapipeline.it;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Transactional producers leave offsets without a record: markers, and what they aborted. */
class TransactionsIT {
  private static final int PARTITIONS = 3;
  private static final int PER_TRANSACTION = 7;

  private static Pipeline pipeline;

  @BeforeAll
  static void start() {
    pipeline = new Pipeline("transactions", PARTITIONS);
  }

  @AfterAll
  static void close() {
    pipeline.close();
  }

  @Test
  void committedRecordsAreStoredAndTheGroupHasNoLag() {
    try (Producer<byte[], byte[]> producer =
        pipeline.newProducer(Map.of(ProducerConfig.TRANSACTIONAL_ID_CONFIG, "transactions"))) {
      producer.initTransactions();
      transactions(producer, 60);
      pipeline.running();
      transactions(producer, 60);

      pipeline.assertEverythingStoredExactlyOnce();
      pipeline.awaitNoLag();

      // the last that a partition holds is a marker, or was aborted
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
    assertNothingWasReadTwice();
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

  /** The application counts what it drops because the database has it. */
  private static void assertNothingWasReadTwice() {
    List<String> log = pipeline.instance().log();
    assertThat(log).noneMatch(line -> line.matches(".*skipped as already stored [1-9].*"));
    assertThat(log).noneMatch(line -> line.contains("is stored up to offset"));
  }
}
