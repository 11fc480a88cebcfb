package dev.datapipeline.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.datapipeline.metrics.PipelineMetrics;
import dev.datapipeline.metrics.RecordingMetrics;
import dev.datapipeline.record.Absence;
import dev.datapipeline.record.LogMark;
import dev.datapipeline.record.RecordRange;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import java.util.stream.LongStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class BatchWriterTest {
  private static final UUID TOPIC = UUID.randomUUID();
  private static final byte[] GOOD = "{}".getBytes();

  private final MemoryStorage session = new MemoryStorage();
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
                        "t",
                        partition,
                        offset,
                        null,
                        poison.contains(offset) ? MemoryStorage.POISON : GOOD)));
    return new RecordRange("t", TOPIC, partition, from, to, records);
  }

  private long position(int id) {
    return session.positions.get(id).nextOffset();
  }

  @Test
  void recordsAndPositionAreStoredTogether() throws Exception {
    writer.store(List.of(range(0, 0, 3, 0, 1, 2)));

    assertThat(session.rawEvents()).containsExactly(0L, 1L, 2L);
    assertThat(position(1)).isEqualTo(3);
    assertThat(metrics.counts().stored()).isEqualTo(3);
    assertThat(session.open).isZero();
  }

  @Test
  void recordsBelowThePositionAreSkipped() throws Exception {
    writer.store(List.of(range(0, 0, 3, 0, 1, 2)));
    writer.store(List.of(range(0, 1, 5, 1, 2, 3, 4)));

    assertThat(session.rawEvents()).containsExactly(0L, 1L, 2L, 3L, 4L);
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

    assertThat(session.rawEvents()).containsExactly(0L, 4L);
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
    assertThat(session.rawEvents()).containsExactly(0L, 1L, 2L);
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

    assertThat(session.rawEvents()).containsExactly(0L, 2L);
    assertThat(session.deadLetters()).containsExactly(1L);
    assertThat(position(1)).isEqualTo(3);
    assertThat(metrics.counts().deadLettered()).isEqualTo(1);
    assertThat(metrics.counts().stored()).isEqualTo(2);
  }

  @Test
  void aBatchWithAValueThatIsRefusedAtTheCommitIsWrittenAgainIsolated() throws Exception {
    session.refusesAtCommit = true;
    writer.store(List.of(range(0, 0, 3, Set.of(1L), 0, 1, 2)));

    assertThat(session.rawEvents()).containsExactly(0L, 2L);
    assertThat(session.deadLetters()).containsExactly(1L);
    assertThat(position(1)).isEqualTo(3);
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
    assertThat(session.rawEvents()).isEmpty();
    assertThat(metrics.counts().stored()).isZero();
    assertThat(session.open).isZero();
  }

  @Test
  void theCauseOfAFailureIsRepairedIfPossible() throws Exception {
    writer.store(List.of(range(0, 0, 1, 0)));
    assertThat(session.repairs).isEmpty();
    session.commitFailure = new SQLException("canceling statement due to lock timeout", "55P03");

    assertThatThrownBy(() -> writer.store(List.of(range(0, 1, 2, 1))))
        .isInstanceOf(StorageException.class);
    assertThat(session.repairs).containsExactly(Map.entry(session.commitFailure, Set.of(1)));
  }

  @Test
  void rowsThatAreGoneAreLookedUpAgain() throws Exception {
    writer.store(List.of(range(0, 0, 1, 0)));
    session.positions.clear();

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
    for (int partition : List.of(0, 1)) {
      int id = 2 - partition;
      session.positions.put(id, new PartitionPosition(id, TOPIC, partition, 0, null, false));
    }

    assertThatThrownBy(() -> writer.store(List.of(range(0, 0, 1, 0))))
        .isInstanceOf(StorageException.class);
    assertThat(position(1)).isZero();

    writer.store(List.of(range(0, 0, 1, 0)));
    assertThat(position(2)).isEqualTo(1);
    assertThat(position(1)).isZero();
  }

  @Test
  void offsetsWithoutARecordAreExplained() throws Exception {
    writer.store(
        List.of(
            range(0, 0, 4, 1, 3).withAbsence(Absence.COMPACTION),
            range(0, 4, 9).withAbsence(Absence.DELETED),
            range(0, 9, 11, 9)));

    assertThat(session.absences())
        .containsExactly("0-0 compaction", "2-2 compaction", "4-8 deleted", "10-10 transaction");
  }

  @Test
  void offsetsThatWerePassedBeforeAreNotExplainedAgain() throws Exception {
    writer.store(List.of(range(0, 0, 5, 0)));
    writer.store(List.of(range(0, 2, 6, 5)));

    assertThat(session.absences()).containsExactly("1-4 transaction");
  }

  @Test
  void aRangeThatContinuesWhatThisWriterHasStoredIsConfirmed() throws Exception {
    writer.store(List.of(range(0, 0, 2, 0, 1)));
    writer.store(List.of(range(0, 2, 3, 2)));

    assertThat(position(1)).isEqualTo(3);
  }

  @Test
  void aNewWriterHasTheLogConfirmedFirst() throws Exception {
    writer.store(List.of(range(0, 0, 2, 0, 1)));
    createWriter();

    assertThatThrownBy(() -> writer.store(List.of(range(0, 2, 3, 2))))
        .isInstanceOfSatisfying(
            UnconfirmedLogException.class, unconfirmed -> writer.confirm(unconfirmed.position()));
    writer.store(List.of(range(0, 2, 3, 2)));

    assertThat(session.rawEvents()).containsExactly(0L, 1L, 2L);
  }

  @Test
  void aRangeWithTheLastStoredRecordNeedsNoConfirmation() throws Exception {
    writer.store(List.of(range(0, 0, 2, 0, 1)));
    createWriter();

    writer.store(List.of(range(0, 1, 3, 1, 2)));

    assertThat(session.rawEvents()).containsExactly(0L, 1L, 2L);
  }

  @Test
  void anotherRecordAtTheLastStoredOffsetIsNotTakenForADuplicate() throws Exception {
    writer.store(List.of(range(0, 0, 2, 0, 1)));

    assertThatThrownBy(() -> writer.store(List.of(other(0, 3))))
        .isInstanceOf(UnconfirmedLogException.class);
    assertThat(session.rawEvents()).containsExactly(0L, 1L);
    assertThat(session.open).isZero();
  }

  /** Its content is compared as soon as it reaches the last stored offset. */
  @Test
  void aRangeBelowTheLastStoredRecordChangesNothing() throws Exception {
    writer.store(List.of(range(0, 0, 3, 0, 1, 2)));

    writer.store(List.of(other(0, 2)));

    assertThat(session.rawEvents()).containsExactly(0L, 1L, 2L);
  }

  @Test
  void aRecordBetweenTheLastStoredOneAndThePositionIsFromAnotherLog() throws Exception {
    writer.store(List.of(range(0, 0, 3, 0, 1)));

    assertThatThrownBy(() -> writer.store(List.of(range(0, 2, 4, 2, 3))))
        .isInstanceOf(UnconfirmedLogException.class);
  }

  @Test
  void anotherLeaderEpochHasTheLogConfirmedFirst() throws Exception {
    writer.store(List.of(epoch(4, 0)));
    writer.store(List.of(epoch(4, 1)));

    assertThatThrownBy(() -> writer.store(List.of(epoch(5, 2))))
        .isInstanceOfSatisfying(
            UnconfirmedLogException.class,
            unconfirmed -> {
              assertThat(unconfirmed.position().mark().offset()).isEqualTo(1);
              assertThat(unconfirmed.position().mark().leaderEpoch()).isEqualTo(4);
              writer.confirm(unconfirmed.position());
            });
    writer.store(List.of(epoch(5, 2)));
    writer.store(List.of(epoch(5, 3)));

    assertThat(session.rawEvents()).containsExactly(0L, 1L, 2L, 3L);
  }

  /** The log may go back after it was compared. */
  @Test
  void aConfirmationHoldsForOneBatch() throws Exception {
    writer.store(List.of(range(0, 0, 2, 0, 1)));
    writer.confirm(writer.positions(TOPIC).get(0));
    writer.store(List.of(range(0, 0, 2, 0, 1)));

    assertThatThrownBy(() -> writer.store(List.of(other(0, 3))))
        .isInstanceOf(UnconfirmedLogException.class);
  }

  @Test
  void aNewIncarnationBeginsWhereTheLogDiffers() throws Exception {
    writer.store(List.of(range(0, 0, 3, 0, 1, 2)));
    PartitionPosition former = writer.positions(TOPIC).get(0);

    assertThat(writer.startIncarnation(former, 1, null)).isTrue();
    writer.store(List.of(other(1, 3)));

    assertThat(session.rows(TOPIC, 0)).containsOnlyKeys(0L, 1L, 2L);
    assertThat(session.rows(TOPIC, 1)).containsExactly(Map.entry(1L, "[]"), Map.entry(2L, "[]"));
  }

  @Test
  void aWriterThatKnowsTheFormerIncarnationOnlyLooksAgain() throws Exception {
    BatchWriter zombie = new BatchWriter(session, metrics);
    zombie.store(List.of(range(0, 0, 1, 0)));
    writer.startIncarnation(writer.positions(TOPIC).get(0), 0, null);

    assertThatThrownBy(() -> zombie.store(List.of(range(0, 1, 2, 1))))
        .isInstanceOf(StorageException.class);
    assertThatThrownBy(() -> zombie.store(List.of(range(0, 1, 2, 1))))
        .isInstanceOf(MissingRecordsException.class);
  }

  @Test
  void aPositionThatHasMovedBeginsNoIncarnation() throws Exception {
    writer.store(List.of(range(0, 0, 1, 0)));
    PartitionPosition former = writer.positions(TOPIC).get(0);
    writer.store(List.of(range(0, 1, 2, 1)));

    assertThat(writer.startIncarnation(former, 0, null)).isFalse();
  }

  @Test
  void aBatchWithoutPoisonIsNotIsolated() throws Exception {
    writer.store(List.of(range(0, 0, 2, 0, 1)));
    assertThat(session.isolated).isZero();

    writer.store(List.of(range(0, 2, 4, Set.of(3L), 2, 3)));
    assertThat(session.isolated).isEqualTo(1);
  }

  @Test
  void aBatchAfterPoisonIsNotTriedWithoutIsolation() throws Exception {
    writer.store(List.of(range(0, 0, 2, Set.of(1L), 0, 1)));
    int begun = session.transactions();

    writer.store(List.of(range(0, 2, 4, Set.of(3L), 2, 3)));
    writer.store(List.of(range(0, 4, 6, 4, 5)));
    assertThat(session.transactions() - begun).isEqualTo(2);
    assertThat(session.isolated).isEqualTo(3);

    writer.store(List.of(range(0, 6, 8, 6, 7)));
    assertThat(session.isolated).isEqualTo(3);
    assertThat(session.deadLetters()).containsExactly(1L, 3L);
  }

  @Test
  void aBatchOfDuplicatesMovesNothing() throws Exception {
    writer.store(List.of(range(0, 0, 2, 0, 1)));
    writer.store(List.of(range(0, 0, 2, 0, 1)));

    assertThat(session.moves).isEqualTo(1);
    assertThat(session.separateMoves).isZero();
  }

  @Test
  void thePositionIsMovedWhileItIsLockedOrWhereItIsInstead() throws Exception {
    writer.store(List.of(range(0, 0, 2, 0, 1), range(0, 2, 4, 2, 3)));
    assertThat(session.separateMoves).isZero();

    writer.store(List.of(range(0, 2, 6, 2, 3, 4, 5)));
    assertThat(session.separateMoves).isEqualTo(1);
    assertThat(writer.positions(TOPIC).get(0).nextOffset()).isEqualTo(6);
    assertThat(session.rawEvents()).containsExactly(0L, 1L, 2L, 3L, 4L, 5L);
  }

  /** Only then is it noticed that the log goes back below them. */
  @Test
  void offsetsWithoutARecordIdentifyALog() throws Exception {
    writer.store(List.of(range(0, 0, 3)));

    assertThat(writer.positions(TOPIC).get(0).mark()).isEqualTo(LogMark.before(0));
    assertThat(LogMark.before(0).offset()).isEqualTo(-1);
    createWriter();
    assertThatThrownBy(() -> writer.store(List.of(range(0, 3, 4, 3))))
        .isInstanceOf(UnconfirmedLogException.class);
  }

  @Test
  void offsetsWithoutARecordDoNotReplaceTheLastRecord() throws Exception {
    writer.store(List.of(range(0, 0, 1, 0)));
    LogMark mark = writer.positions(TOPIC).get(0).mark();

    writer.store(List.of(range(0, 1, 3)));

    assertThat(writer.positions(TOPIC).get(0).mark()).isEqualTo(mark);
  }

  @Test
  void offsetsWithoutARecordThatWerePassedNeedNoConfirmation() throws Exception {
    writer.store(List.of(range(0, 0, 3, 0, 1)));
    createWriter();

    writer.store(List.of(range(0, 2, 3)));

    assertThat(position(1)).isEqualTo(3);
  }

  /** Compaction may have removed it, or the log has gone back. */
  @Test
  void aRangeThatLacksTheLastStoredRecordIsConfirmedFirst() throws Exception {
    writer.store(List.of(range(0, 0, 2, 0, 1)));

    assertThatThrownBy(() -> writer.store(List.of(range(0, 1, 3, 2))))
        .isInstanceOf(UnconfirmedLogException.class);
  }

  @Test
  void theFirstLeaderEpochIsAnEpoch() throws Exception {
    writer.store(List.of(epoch(4, 0)));

    assertThatThrownBy(() -> writer.store(List.of(epoch(0, 1))))
        .isInstanceOf(UnconfirmedLogException.class);
  }

  @Test
  void onlyLossesAreReportedAsLosses() throws Exception {
    List<String> reports = new ArrayList<>();
    Handler handler =
        new Handler() {
          @Override
          public void publish(LogRecord record) {
            reports.add(new SimpleFormatter().formatMessage(record));
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    Logger log = Logger.getLogger(BatchWriter.class.getName());
    log.setUseParentHandlers(false);
    log.addHandler(handler);
    try {
      writer.store(
          List.of(
              range(0, 0, 4, 1).withAbsence(Absence.COMPACTION),
              range(0, 4, 9).withAbsence(Absence.DELETED),
              range(0, 9, 11, 9)));
    } finally {
      log.removeHandler(handler);
      log.setUseParentHandlers(true);
    }

    assertThat(reports)
        .containsExactly(
            "t-0: offsets 4 to 8 are lost (deleted): they were not stored before that");
  }

  private static RecordRange other(long from, long to) {
    return new RecordRange(
        "t",
        TOPIC,
        0,
        from,
        to,
        LongStream.range(from, to)
            .mapToObj(
                offset -> new ConsumerRecord<byte[], byte[]>("t", 0, offset, null, "[]".getBytes()))
            .toList());
  }

  private static RecordRange epoch(int leaderEpoch, long offset) {
    ConsumerRecord<byte[], byte[]> record =
        new ConsumerRecord<>(
            "t",
            0,
            offset,
            0,
            TimestampType.CREATE_TIME,
            0,
            2,
            null,
            GOOD,
            new RecordHeaders(),
            Optional.of(leaderEpoch));
    return new RecordRange("t", TOPIC, 0, offset, offset + 1, List.of(record));
  }
}
