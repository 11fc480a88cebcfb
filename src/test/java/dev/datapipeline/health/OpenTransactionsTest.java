package dev.datapipeline.health;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

class OpenTransactionsTest {
  private static final TopicPartition ONE = new TopicPartition("t", 0);
  private static final TopicPartition TWO = new TopicPartition("t", 1);
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

  private final Map<TopicPartition, Long> ends = new HashMap<>(Map.of(ONE, 100L, TWO, 100L));
  private final Map<TopicPartition, Long> watermarks = new HashMap<>(ends);
  private OpenTransactions transactions = OpenTransactions.NONE;

  private void observe(int second) {
    transactions =
        transactions.next(
            new TopicOffsets(Map.of(), Map.of(), ends, watermarks, 0), START.plusSeconds(second));
  }

  @Test
  void aPartitionThatCanBeReadToItsEndHasNone() {
    observe(0);

    assertThat(transactions.oldest()).isEmpty();
  }

  @Test
  void theOldestOneIsReported() {
    watermarks.put(ONE, 107L);
    observe(0);
    watermarks.put(TWO, 200L);
    observe(2);
    watermarks.put(ONE, 150L);
    observe(60);

    assertThat(transactions.oldest())
        .hasValueSatisfying(
            open -> {
              assertThat(open.partition()).isEqualTo(ONE);
              assertThat(open.offset()).isEqualTo(100);
              assertThat(open.waiting()).isEqualTo(50);
              assertThat(open.age(START.plusSeconds(60))).isEqualTo(Duration.ofSeconds(60));
            });
  }

  @Test
  void transactionsThatFollowOneAnotherAreNotOld() {
    for (int second = 0; second <= 120; second += 2) {
      ends.put(ONE, 100L + second);
      watermarks.put(ONE, 110L + second);
      observe(second);
    }

    assertThat(transactions.oldest())
        .hasValueSatisfying(
            open -> assertThat(open.age(START.plusSeconds(120))).isEqualTo(Duration.ZERO));
  }

  @Test
  void aTransactionThatEndsIsForgotten() {
    watermarks.put(ONE, 107L);
    observe(0);
    ends.put(ONE, 107L);
    observe(2);

    assertThat(transactions.oldest()).isEmpty();
  }
}
