package dev.datapipeline.health;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

class ProgressTest {
  private static final TopicPartition ONE = new TopicPartition("t", 0);
  private static final TopicPartition TWO = new TopicPartition("t", 1);
  private static final UUID ID = UUID.randomUUID();
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
  private static final Duration TIMEOUT = Duration.ofSeconds(30);

  private final Map<TopicPartition, Long> starts = new HashMap<>(Map.of(ONE, 0L, TWO, 0L));
  private final Map<TopicPartition, Long> ends = new HashMap<>(Map.of(ONE, 100L, TWO, 100L));
  private final Map<StoredPositions.Key, Long> stored = new HashMap<>();
  private UUID id = ID;
  private Set<TopicPartition> assigned = Set.of(ONE, TWO);
  private Progress progress = Progress.UNKNOWN;

  private void storedUpTo(TopicPartition partition, long nextOffset) {
    stored.put(new StoredPositions.Key(ID, partition.partition()), nextOffset);
  }

  private void observe(int second) {
    progress =
        progress.next(
            new TopicOffsets(Map.of("t", id), starts, ends, ends, 0),
            new StoredPositions(stored, 0, 0, null),
            assigned,
            START.plusSeconds(second));
  }

  private boolean isStalled(int second) {
    return progress.stalled(TIMEOUT, START.plusSeconds(second)).isPresent();
  }

  @Test
  void lagIsWhatCanBeReadAndIsNotStored() {
    storedUpTo(ONE, 40);
    observe(0);

    assertThat(progress.lag()).containsOnly(Map.entry(ONE, 60L), Map.entry(TWO, 100L));
  }

  @Test
  void offsetsThatWereDeletedFromTheTopicAreNoLag() {
    storedUpTo(ONE, 40);
    starts.put(ONE, 90L);
    starts.put(TWO, 70L);
    observe(0);

    assertThat(progress.lag()).containsOnly(Map.entry(ONE, 10L), Map.entry(TWO, 30L));
  }

  @Test
  void aTopicThatWasCreatedAgainHasThePositionsOfItsOwnId() {
    storedUpTo(ONE, 100);
    id = UUID.randomUUID();
    observe(0);

    assertThat(progress.lag()).containsEntry(ONE, 100L);
  }

  @Test
  void aPartitionThatStandsStillIsNotHiddenByOneThatMoves() {
    for (int second = 0; second <= 32; second += 2) {
      storedUpTo(ONE, second);
      observe(second);
    }

    assertThat(progress.stalled(TIMEOUT, START.plusSeconds(32))).hasValue(TWO);
  }

  @Test
  void aPartitionWithoutLagIsNotStalled() {
    storedUpTo(ONE, 100);
    storedUpTo(TWO, 100);
    observe(0);
    observe(100);

    assertThat(isStalled(100)).isFalse();
  }

  @Test
  void theClockStartsWhenThereIsSomethingToStore() {
    storedUpTo(ONE, 100);
    storedUpTo(TWO, 100);
    observe(0);
    observe(100);
    ends.put(ONE, 101L);
    observe(102);

    assertThat(isStalled(131)).isFalse();
    observe(133);
    assertThat(isStalled(133)).isTrue();
  }

  @Test
  void aPartitionOfAnotherInstanceIsNotJudged() {
    assigned = Set.of();
    observe(0);
    observe(100);

    assertThat(isStalled(100)).isFalse();
  }

  @Test
  void theClockStartsAnewWhenAPartitionIsAssigned() {
    assigned = Set.of();
    observe(0);
    observe(100);
    assigned = Set.of(ONE);
    observe(102);

    assertThat(isStalled(130)).isFalse();
    observe(134);
    assertThat(isStalled(134)).isTrue();
  }

  @Test
  void readingProgressDoesNotChangeIt() {
    observe(0);
    for (int i = 0; i < 10; i++) {
      isStalled(20);
    }

    assertThat(isStalled(31)).isTrue();
    assertThat(isStalled(29)).isFalse();
  }

  private Duration oldest(TopicPartition partition, int second) {
    return progress.oldestUnstored(START.plusSeconds(second)).get(partition);
  }

  @Test
  void theOldestUnstoredRecordAgesUntilItIsStored() {
    storedUpTo(ONE, 100);
    observe(0);
    assertThat(oldest(ONE, 10)).isZero();
    ends.put(ONE, 150L);
    observe(10);
    ends.put(ONE, 200L);
    observe(20);
    assertThat(oldest(ONE, 60)).isEqualTo(Duration.ofSeconds(50));
    storedUpTo(ONE, 149);
    observe(60);
    assertThat(oldest(ONE, 60)).isEqualTo(Duration.ofSeconds(50));
    storedUpTo(ONE, 150);
    observe(62);
    assertThat(oldest(ONE, 62)).isEqualTo(Duration.ofSeconds(42));
    storedUpTo(ONE, 200);
    observe(64);
    assertThat(oldest(ONE, 70)).isZero();
  }

  @Test
  void aStreamThatIsAlwaysBehindByAMomentIsYoung() {
    for (int second = 0; second < 1000; second += 2) {
      ends.put(ONE, 100L + second);
      storedUpTo(ONE, 90L + second);
      observe(second);
      assertThat(oldest(ONE, second)).isLessThanOrEqualTo(Duration.ofSeconds(12));
    }
  }

  @Test
  void anAgeIsStillRightAfterManyAnswers() {
    storedUpTo(ONE, 0);
    for (int second = 0; second < 100_000; second += 10) {
      ends.put(ONE, 100L + second);
      observe(second);
    }
    assertThat(oldest(ONE, 100_000))
        .isBetween(Duration.ofSeconds(100_000), Duration.ofSeconds(100_000));
    storedUpTo(ONE, 50_000);
    observe(100_000);
    assertThat(oldest(ONE, 100_000))
        .isBetween(Duration.ofSeconds(47_500), Duration.ofSeconds(50_100));
  }

  @Test
  void theRecordsOfAnotherTopicOrOfALogThatWentBackAreNew() {
    storedUpTo(ONE, 0);
    observe(0);
    observe(100);
    assertThat(oldest(ONE, 100)).isEqualTo(Duration.ofSeconds(100));
    ends.put(ONE, 50L);
    observe(110);
    assertThat(oldest(ONE, 120)).isEqualTo(Duration.ofSeconds(10));
    id = UUID.randomUUID();
    ends.put(ONE, 60L);
    observe(130);
    assertThat(oldest(ONE, 135)).isEqualTo(Duration.ofSeconds(5));
  }
}
