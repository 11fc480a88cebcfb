package dev.datapipeline.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.datapipeline.metrics.PipelineMetrics;
import dev.datapipeline.metrics.RecordingMetrics;
import dev.datapipeline.record.RecordRange;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.LongStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class BatchWriterTest {
  private static final UUID TOPIC = UUID.randomUUID();
  private static final byte[] GOOD = "{}".getBytes();
  private static final byte[] POISON = "{".getBytes();

  /** A database in memory that can fail. */
  private static final class FakeSession implements StorageSession {
    private final Map<PartitionKey, Integer> ids = new HashMap<>();
    private final TreeMap<Integer, Position> positions = new TreeMap<>();
    private final List<Long> rawEvents = new ArrayList<>();
    private final List<Long> deadLetters = new ArrayList<>();
    private final List<List<Integer>> locks = new ArrayList<>();
    private int lookups;
    private SQLException commitFailure;
    private int open;

    @Override
    public int positionId(String topic, PartitionKey key) {
      lookups++;
      int id = ids.computeIfAbsent(key, any -> ids.size() + 1);
      positions.computeIfAbsent(id, any -> new Position(id, key, 0));
      return id;
    }

    @Override
    public Transaction begin() {
      open++;
      return new FakeTransaction();
    }

    private final class FakeTransaction implements Transaction {
      private final Map<Integer, Long> moved = new HashMap<>();
      private final List<Long> events = new ArrayList<>();
      private final List<Long> letters = new ArrayList<>();

      @Override
      public List<Position> lock(Set<Integer> wanted) {
        locks.add(List.copyOf(wanted));
        return wanted.stream().filter(positions::containsKey).map(positions::get).toList();
      }

      @Override
      public void moveTo(int id, long nextOffset) {
        moved.put(id, nextOffset);
      }

      @Override
      public void write(List<StorableRecord> records) throws SQLException {
        for (StorableRecord record : records) {
          if (record.record().value() == POISON) {
            throw new SQLException("invalid input syntax for type json", "22P02");
          }
          events.add(record.record().offset());
        }
      }

      @Override
      public long writeIsolated(List<StorableRecord> records) {
        for (StorableRecord record : records) {
          (record.record().value() == POISON ? letters : events).add(record.record().offset());
        }
        return letters.size();
      }

      @Override
      public void commit() throws SQLException {
        if (commitFailure != null) {
          throw commitFailure;
        }
        moved.forEach(
            (id, next) -> positions.put(id, new Position(id, positions.get(id).key(), next)));
        rawEvents.addAll(events);
        deadLetters.addAll(letters);
      }

      @Override
      public void close() {
        open--;
      }
    }
  }

  private final FakeSession session = new FakeSession();
  private PipelineMetrics metrics;
  private BatchWriter writer;

  @BeforeEach
  void createWriter() {
    metrics = new RecordingMetrics().pipelineMetrics();
    writer = new BatchWriter(session, metrics);
  }

  private static RecordRange range(int partition, long from, long to, long... offsets) {
    return range(partition, from, to, Set.of(), offsets);
  }

  private static RecordRange range(
      int partition, long from, long to, Set<Long> poison, long... offsets) {
    List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
    LongStream.of(offsets)
        .forEach(
            offset ->
                records.add(
                    new ConsumerRecord<>(
                        "t", partition, offset, null, poison.contains(offset) ? POISON : GOOD)));
    return new RecordRange("t", TOPIC, partition, from, to, records);
  }

  private long position(int id) {
    return session.positions.get(id).nextOffset();
  }

  @Test
  void recordsAndPositionAreStoredTogether() throws Exception {
    writer.store(List.of(range(0, 0, 3, 0, 1, 2)));

    assertThat(session.rawEvents).containsExactly(0L, 1L, 2L);
    assertThat(position(1)).isEqualTo(3);
    assertThat(metrics.counts().stored()).isEqualTo(3);
    assertThat(session.open).isZero();
  }

  @Test
  void recordsBelowThePositionAreSkipped() throws Exception {
    writer.store(List.of(range(0, 0, 3, 0, 1, 2)));
    writer.store(List.of(range(0, 1, 5, 1, 2, 3, 4)));

    assertThat(session.rawEvents).containsExactly(0L, 1L, 2L, 3L, 4L);
    assertThat(metrics.counts().skipped()).isEqualTo(2);
  }

  @Test
  void aRangeThatEndsBelowThePositionDoesNotMoveItBack() throws Exception {
    writer.store(List.of(range(0, 0, 5, 0, 1, 2, 3, 4)));
    writer.store(List.of(range(0, 1, 3, 1, 2)));

    assertThat(position(1)).isEqualTo(5);
  }

  @Test
  void offsetsWithoutARecordMoveThePosition() throws Exception {
    writer.store(List.of(range(0, 0, 10, 0, 4), range(0, 10, 12)));

    assertThat(session.rawEvents).containsExactly(0L, 4L);
    assertThat(position(1)).isEqualTo(12);
  }

  @Test
  void aRangeAfterThePositionIsRefusedAndNothingIsStored() throws Exception {
    writer.store(List.of(range(0, 0, 3, 0, 1, 2)));

    assertThatThrownBy(() -> writer.store(List.of(range(1, 0, 1, 0), range(0, 5, 6, 5))))
        .isInstanceOfSatisfying(
            MissingRecordsException.class,
            missing -> {
              assertThat(missing.nextOffset()).isEqualTo(3);
              assertThat(missing.range().from()).isEqualTo(5);
            });
    assertThat(session.rawEvents).containsExactly(0L, 1L, 2L);
    assertThat(position(2)).isZero();
    assertThat(session.open).isZero();
  }

  /** A partition that was revoked and assigned again leaves a gap between two of its ranges. */
  @Test
  void aGapWithinABatchIsReportedFromTheStoredPosition() throws Exception {
    writer.store(List.of(range(0, 0, 3, 0, 1, 2)));

    assertThatThrownBy(() -> writer.store(List.of(range(0, 3, 5, 3, 4), range(0, 8, 9, 8))))
        .isInstanceOfSatisfying(
            MissingRecordsException.class,
            missing -> {
              assertThat(missing.nextOffset()).isEqualTo(3);
              assertThat(missing.range().from()).isEqualTo(8);
            });
  }

  @Test
  void aBatchWithPoisonIsWrittenAgainIsolated() throws Exception {
    writer.store(List.of(range(0, 0, 3, Set.of(1L), 0, 1, 2)));

    assertThat(session.rawEvents).containsExactly(0L, 2L);
    assertThat(session.deadLetters).containsExactly(1L);
    assertThat(position(1)).isEqualTo(3);
    assertThat(metrics.counts().deadLettered()).isEqualTo(1);
    assertThat(metrics.counts().stored()).isEqualTo(2);
  }

  @Test
  void positionsAreLockedInTheOrderOfTheirIds() throws Exception {
    writer.store(List.of(range(7, 0, 1, 0)));
    writer.store(List.of(range(3, 0, 1, 0)));
    writer.store(List.of(range(3, 1, 2, 1), range(7, 1, 2, 1)));

    assertThat(session.locks).last().isEqualTo(List.of(1, 2));
  }

  @Test
  void theIdOfAPositionIsLookedUpOnce() throws Exception {
    writer.store(List.of(range(0, 0, 1, 0)));
    writer.store(List.of(range(0, 1, 2, 1)));

    assertThat(session.lookups).isEqualTo(1);
  }

  @Test
  void anOutageStoresNothingAndIsReported() {
    session.commitFailure = new SQLException("terminating connection", "57P01");

    assertThatThrownBy(() -> writer.store(List.of(range(0, 0, 1, 0))))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("57P01");
    assertThat(session.rawEvents).isEmpty();
    assertThat(metrics.counts().stored()).isZero();
    assertThat(session.open).isZero();
  }

  @Test
  void rowsThatAreGoneAreLookedUpAgain() throws Exception {
    writer.store(List.of(range(0, 0, 1, 0)));
    session.positions.clear();
    session.ids.clear();

    assertThatThrownBy(() -> writer.store(List.of(range(0, 1, 2, 1))))
        .isInstanceOf(StorageException.class);
    assertThatThrownBy(() -> writer.store(List.of(range(0, 1, 2, 1))))
        .isInstanceOf(MissingRecordsException.class);
  }

  /** A database that was restored together with its sequences gives old ids to new rows. */
  @Test
  void aRowThatStandsForAnotherPartitionIsNotUsed() throws Exception {
    writer.store(List.of(range(0, 0, 1, 0)));
    writer.store(List.of(range(1, 0, 1, 0)));
    Set<StorageSession.PartitionKey> keys = new HashSet<>(session.ids.keySet());
    session.ids.clear();
    session.positions.clear();
    for (StorageSession.PartitionKey key : keys) {
      int id = 2 - key.partition();
      session.ids.put(key, id);
      session.positions.put(id, new StorageSession.Position(id, key, 0));
    }

    assertThatThrownBy(() -> writer.store(List.of(range(0, 0, 1, 0))))
        .isInstanceOf(StorageException.class);
    assertThat(position(1)).isZero();

    writer.store(List.of(range(0, 0, 1, 0)));
    assertThat(position(2)).isEqualTo(1);
    assertThat(position(1)).isZero();
  }
}
