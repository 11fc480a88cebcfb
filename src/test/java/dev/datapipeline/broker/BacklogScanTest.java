package dev.datapipeline.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

class BacklogScanTest {
  private static final TopicPartition ZERO = new TopicPartition("topic", 0);
  private static final TopicPartition ONE = new TopicPartition("topic", 1);

  /** What the broker answers to a consumer that reads uncommitted records: the ends. */
  private final MockConsumer<byte[], byte[]> uncommitted = new MockConsumer<>("earliest");

  private final MockConsumer<byte[], byte[]> committed = new MockConsumer<>("earliest");
  private final List<String> read = new ArrayList<>();

  private long now = Long.MAX_VALUE - 100;

  private void scan(Map<Integer, Long> stored) {
    new BacklogScan(
            level -> level == IsolationLevel.READ_COMMITTED ? committed : uncommitted,
            () -> now += Duration.ofSeconds(3).toNanos())
        .read(
            List.of(ZERO, ONE),
            stored,
            record -> read.add(record.partition() + ":" + record.offset()));
  }

  private void offsets(Map<TopicPartition, Long> starts, Map<TopicPartition, Long> ends) {
    committed.updateBeginningOffsets(starts);
    uncommitted.updateEndOffsets(ends);
  }

  private void arrive(TopicPartition partition, long... offsets) {
    committed.schedulePollTask(
        () -> {
          for (long offset : offsets) {
            committed.addRecord(
                new ConsumerRecord<>(
                    partition.topic(), partition.partition(), offset, null, new byte[0]));
          }
        });
  }

  @Test
  void whatIsNotStoredIsReadUpToTheEnd() {
    offsets(Map.of(ZERO, 0L, ONE, 3L), Map.of(ZERO, 4L, ONE, 5L));
    arrive(ZERO, 0, 1, 2, 3);
    arrive(ONE, 3, 4);

    scan(Map.of(0, 2L));

    assertThat(read).containsExactly("0:2", "0:3", "1:3", "1:4");
    assertThat(committed.closed()).isTrue();
    assertThat(uncommitted.closed()).isTrue();
  }

  @Test
  void nothingIsReadIfEverythingIsStored() {
    offsets(Map.of(ZERO, 0L, ONE, 0L), Map.of(ZERO, 4L, ONE, 0L));
    // the database may be ahead of a topic that lost its tail
    scan(Map.of(0, 9L, 1, 0L));
    assertThat(read).isEmpty();
  }

  /** A long stretch of aborted records takes many polls that return nothing. */
  @Test
  void abortedRecordsAreReadThrough() {
    offsets(Map.of(ZERO, 0L, ONE, 0L), Map.of(ZERO, 21L, ONE, 0L));
    for (long next = 1; next <= 20; next++) {
      long position = next;
      committed.schedulePollTask(() -> committed.seek(ZERO, position));
    }
    arrive(ZERO, 20);

    scan(Map.of());

    assertThat(read).containsExactly("0:20");
  }

  @Test
  void anOpenTransactionIsWaitedForOnlyAWhile() {
    offsets(Map.of(ZERO, 0L, ONE, 0L), Map.of(ZERO, 2L, ONE, 0L));
    arrive(ZERO, 0);

    assertThatThrownBy(() -> scan(Map.of()))
        .isInstanceOf(KafkaException.class)
        .hasMessage("cannot read topic topic to its end; is there an open transaction?");
    assertThat(committed.closed()).isTrue();
  }
}
