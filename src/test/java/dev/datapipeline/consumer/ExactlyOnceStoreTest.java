package dev.datapipeline.consumer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.datapipeline.broker.BrokerUnavailableException;
import dev.datapipeline.broker.TopicLog;
import dev.datapipeline.record.Absence;
import dev.datapipeline.record.LogMark;
import dev.datapipeline.record.RecordRange;
import dev.datapipeline.storage.MemoryStorage;
import dev.datapipeline.storage.StorageException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ExactlyOnceStoreTest {
  private static final TopicPartition PARTITION = new TopicPartition("t", 0);
  private static final UUID FIRST = UUID.randomUUID();
  private static final UUID SECOND = UUID.randomUUID();

  /** A broker with one topic of one partition, in memory. */
  private static final class FakeTopicLog implements TopicLog {
    private final List<Long> askedFor = new ArrayList<>();
    private UUID id = FIRST;
    private final TreeMap<Long, String> records = new TreeMap<>();
    private long start;
    private long end;
    private long cutAt;
    private final TreeMap<Long, Integer> epochs = new TreeMap<>(Map.of(0L, 0));
    private boolean away;
    private boolean compacted;
    private int readers;

    /** Runs once, while the log is read. */
    private Runnable whileRead = () -> {};

    /** Runs once, while the log is compared with a delivery. */
    private Runnable whileCompared = () -> {};

    /** Whether the only leader that answers has an earlier epoch than what is stored. */
    private boolean isOfFormerLeader;

    /** Loses the records from an offset on. */
    void cut(long from) {
      cutAt = from;
      end = from;
      records.tailMap(from).clear();
      epochs.put(from, epochs.lastEntry().getValue() + 1);
    }

    /** Deletes the records before an offset. */
    void deleteBefore(long offset) {
      start = offset;
      records.headMap(offset).clear();
    }

    void append(String value) {
      records.put(end++, value);
    }

    /** Appends an offset without a record. */
    void appendMarker() {
      end++;
    }

    void recreate(UUID newId) {
      id = newId;
      records.clear();
      start = 0;
      end = 0;
    }

    ConsumerRecord<byte[], byte[]> record(long offset) {
      byte[] value = records.get(offset).getBytes();
      return new ConsumerRecord<>(
          "t",
          0,
          offset,
          0,
          TimestampType.CREATE_TIME,
          0,
          value.length,
          null,
          value,
          new RecordHeaders(),
          Optional.of(epochs.floorEntry(offset).getValue()));
    }

    RecordRange range(long from, long to) {
      return new RecordRange(
          "t",
          null,
          0,
          from,
          to,
          records.subMap(from, to).keySet().stream().map(this::record).toList());
    }

    @Override
    public Optional<UUID> idAfter(String topic, long nanos) {
      askedFor.add(nanos);
      if (away) {
        throw new BrokerUnavailableException("away");
      }
      return Optional.ofNullable(id);
    }

    @Override
    public Map<TopicPartition, LogEnd> ends(String topic) {
      return Map.of(PARTITION, new LogEnd(end, epochs.lastEntry().getValue()));
    }

    @Override
    public long startOffset(TopicPartition partition) {
      return start;
    }

    @Override
    public boolean isCompacted(String topic) {
      return compacted;
    }

    /** The product's reader needs a real broker; this one reads the map. */
    @Override
    public PartitionReader reader(TopicPartition partition) {
      readers++;
      return new PartitionReader() {
        @Override
        public long startOffset() {
          return start;
        }

        @Override
        public long endOffset() {
          return end;
        }

        @Override
        public Holding holds(RecordRange range) {
          Runnable meanwhile = whileCompared;
          whileCompared = () -> {};
          meanwhile.run();
          if (range.to() <= start) {
            return Holding.UNKNOWN;
          }
          boolean same =
              range.records().stream()
                  .allMatch(
                      record -> new String(record.value()).equals(records.get(record.offset())));
          return same ? Holding.YES : Holding.NO;
        }

        @Override
        public OptionalLong divergence(LogMark mark, long nextOffset) {
          if (isOfFormerLeader && mark.leaderEpoch() >= 0) {
            throw new BrokerUnavailableException("no leader of this epoch");
          }
          if (mark.offset() < start) {
            return OptionalLong.empty();
          }
          boolean same = records.containsKey(mark.offset()) && mark.matches(record(mark.offset()));
          return same ? OptionalLong.empty() : OptionalLong.of(cutAt);
        }

        @Override
        public Optional<ConsumerRecord<byte[], byte[]>> lastRecordBefore(long offset) {
          return Optional.ofNullable(records.lowerKey(offset)).map(FakeTopicLog.this::record);
        }

        @Override
        public <E extends Exception> long read(long from, long to, RangeHandler<E> handler)
            throws E, InterruptedException {
          if (from < start) {
            handler.handle(range(from, start).withAbsence(Absence.DELETED));
          }
          whileRead.run();
          RecordRange rest = range(Math.max(from, start), to);
          handler.handle(rest);
          return rest.records().size();
        }

        @Override
        public void close() {
          // nothing is open
        }
      };
    }
  }

  private final FakeTopicLog log = new FakeTopicLog();
  private final MemoryStorage database = new MemoryStorage();
  private final Map<TopicPartition, Long> settled = new HashMap<>();
  private final ConsumerState state = new ConsumerState();
  private long now = Duration.ofHours(1).toNanos();
  private final ExactlyOnceStore store =
      new ExactlyOnceStore(
          List.of("t"), log, database.writer(), topic -> settled, state, () -> now);

  @BeforeEach
  void open() {
    state.opened(Map.of("t", FIRST));
  }

  private void append(String... values) {
    for (String value : values) {
      log.append(value);
    }
  }

  private Delivery delivery(RecordRange range) {
    return new Delivery(range, 0, now, now, () -> {});
  }

  private void deliver(long from, long to) throws Exception {
    store.store(List.of(delivery(log.range(from, to))));
  }

  /** The consumer can't have read a topic whose id it had not learned. */
  @Test
  void theIdMustBeAsRecentAsWhatTheConsumerKnowsOfTheTopic() throws Exception {
    append("a", "b");
    long learned = now - 1_000;

    store.store(List.of(new Delivery(log.range(0, 2), 0, now, learned, () -> {})));

    assertThat(log.askedFor).containsExactly(learned);
  }

  private void catchUp() throws Exception {
    store.catchUp(partition -> true);
  }

  @Test
  void deliveriesAreStoredUnderTheIdOfTheirTopic() throws Exception {
    append("a", "b");
    deliver(0, 2);

    assertThat(database.rows(FIRST, 0)).containsExactly(Map.entry(0L, "a"), Map.entry(1L, "b"));
  }

  @Test
  void whatTheDatabaseLacksBeforeADeliveryIsReadAgain() throws Exception {
    append("a", "b", "c", "d");
    deliver(3, 4);

    assertThat(database.rows(FIRST, 0).values()).containsExactly("a", "b", "c", "d");
    assertThat(database.position(FIRST)).isEqualTo(4);
  }

  /** A partition that was revoked and assigned again leaves a gap between two deliveries. */
  @Test
  void whatLacksBetweenTwoDeliveriesIsReadAgain() throws Exception {
    append("a", "b", "c", "d", "e");
    deliver(0, 1);

    store.store(List.of(delivery(log.range(1, 2)), delivery(log.range(4, 5))));

    assertThat(database.rows(FIRST, 0).values()).containsExactly("a", "b", "c", "d", "e");
    assertThat(database.position(FIRST)).isEqualTo(5);
  }

  @Test
  void aRestoredDatabaseIsCaughtUpWithoutANewRecord() throws Exception {
    append("a", "b", "c");
    deliver(0, 3);
    settled.put(PARTITION, 3L);
    database.restore(FIRST, 1);

    catchUp();

    assertThat(database.rows(FIRST, 0).values()).containsExactly("a", "b", "c");
  }

  @Test
  void aChannelThatStartsAfterWhatIsStoredIsCaughtUp() throws Exception {
    append("a", "b");
    settled.put(PARTITION, 2L);

    catchUp();

    assertThat(database.rows(FIRST, 0).values()).containsExactly("a", "b");
  }

  @Test
  void catchingUpIsLimitedToTheLanesPartitions() throws Exception {
    append("a");
    settled.put(PARTITION, 1L);

    store.catchUp(partition -> false);

    assertThat(database.position(FIRST)).isZero();
  }

  @Test
  void catchingUpDoesNotRunAheadOfTheChannel() throws Exception {
    append("a", "b", "c");
    settled.put(PARTITION, 1L);

    catchUp();

    assertThat(database.position(FIRST)).isEqualTo(1);
  }

  @Test
  void recordsOfATopicThatWasCreatedAgainAreStoredAsThoseOfANewOne() throws Exception {
    append("a", "b");
    deliver(0, 2);
    log.recreate(SECOND);
    append("x");
    deliver(0, 1);

    assertThat(database.rows(FIRST, 0).values()).containsExactly("a", "b");
    assertThat(database.rows(SECOND, 0).values()).containsExactly("x");
  }

  @Test
  void lateRecordsOfTheFormerTopicStayItsOwn() throws Exception {
    append("a", "b");
    RecordRange late = log.range(0, 2);
    log.recreate(SECOND);
    append("x");

    store.store(List.of(delivery(late)));

    assertThat(database.rows(FIRST, 0).values()).containsExactly("a", "b");
    assertThat(database.rows(SECOND, 0)).isEmpty();
  }

  @Test
  void aRangeWithoutRecordsIsNotBookedOnTheWrongTopic() throws Exception {
    append("a");
    deliver(0, 1);
    log.recreate(SECOND);
    log.appendMarker();
    log.appendMarker();
    store.store(List.of(delivery(log.range(0, 2))));
    assertThat(database.position(FIRST)).isEqualTo(1);
    assertThat(database.position(SECOND)).isZero();

    settled.put(PARTITION, 2L);
    catchUp();
    assertThat(database.position(SECOND)).isEqualTo(2);
  }

  @Test
  void aPositionOfTheFormerTopicBeyondTheEndIsIgnored() throws Exception {
    append("a", "b", "c");
    deliver(0, 3);
    settled.put(PARTITION, 3L);
    log.recreate(SECOND);
    append("x");

    catchUp();

    assertThat(database.position(SECOND)).isZero();
  }

  @Test
  void recordsOfADeletedTopicThatWereNeverStoredAreLost() throws Exception {
    append("a", "b", "c");
    RecordRange late = log.range(2, 3);
    log.recreate(null);

    assertThatThrownBy(() -> store.store(List.of(delivery(late))))
        .isInstanceOf(BrokerUnavailableException.class);
    now += Duration.ofSeconds(5).toNanos();
    store.store(List.of(delivery(late)));

    assertThat(database.rows(FIRST, 0)).containsExactly(Map.entry(2L, "c"));
    assertThat(database.absences()).containsExactly("0-1 topic deleted");
    assertThat(database.position(FIRST)).isEqualTo(3);
  }

  @Test
  void anOutageOfTheBrokerStoresNothing() {
    append("a");
    log.away = true;

    assertThatThrownBy(() -> deliver(0, 1)).isInstanceOf(BrokerUnavailableException.class);
    assertThat(database.rows(FIRST, 0)).isEmpty();
  }

  @Test
  void anOutageOfTheDatabaseWhileRecordsAreReadAgainIsPassedOn() {
    append("a", "b");
    database.failCommits(new SQLException("away", "08006"));

    assertThatThrownBy(() -> deliver(1, 2))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("08006");
    assertThat(database.rows(FIRST, 0)).isEmpty();
  }

  /** The records that are delivered have offsets that are stored. */
  @Test
  void aLogThatLostItsEndIsANewIncarnation() throws Exception {
    append("a", "b", "c", "d");
    deliver(0, 4);
    log.cut(2);
    append("x", "y", "z");
    deliver(2, 5);

    assertThat(database.rows(FIRST, 0).values()).containsExactly("a", "b", "c", "d");
    assertThat(database.rows(FIRST, 1))
        .containsExactly(Map.entry(2L, "x"), Map.entry(3L, "y"), Map.entry(4L, "z"));
  }

  /** The first delivery ends below the position, and looks like one that comes again. */
  @Test
  void aLogThatLostItsEndIsNoticedOnceTheStoredPositionIsReached() throws Exception {
    append("a", "b", "c", "d");
    deliver(0, 4);
    log.cut(1);
    append("w");
    deliver(1, 2);
    append("x", "y", "z");
    deliver(2, 5);

    assertThat(database.rows(FIRST, 1).values()).containsExactly("w", "x", "y", "z");
  }

  @Test
  void aLogThatIsShorterThanWhatIsStoredIsNoticedWithoutADelivery() throws Exception {
    append("a", "b", "c", "d");
    deliver(0, 4);
    log.cut(2);
    append("x");
    settled.put(PARTITION, 3L);

    catchUp();
    catchUp();

    assertThat(database.rows(FIRST, 0).values()).containsExactly("a", "b", "c", "d");
    assertThat(database.rows(FIRST, 1)).containsExactly(Map.entry(2L, "x"));
  }

  /** It is shorter, too, until the leader learns that it was replaced. */
  @Test
  void theLogOfAFormerLeaderIsNoNewIncarnation() throws Exception {
    append("a", "b", "c", "d");
    deliver(0, 4);
    settled.put(PARTITION, 4L);
    log.end = 2;
    log.isOfFormerLeader = true;
    assertThatThrownBy(this::catchUp).isInstanceOf(BrokerUnavailableException.class);

    log.end = 4;
    log.isOfFormerLeader = false;
    now += Duration.ofHours(1).toNanos();
    catchUp();
    append("e");
    deliver(4, 5);

    assertThat(database.rows(FIRST, 0).values()).containsExactly("a", "b", "c", "d", "e");
  }

  @Test
  void aLogThatStaysAtAnEarlierEpochIsANewIncarnation() throws Exception {
    append("a", "b", "c", "d");
    deliver(0, 4);
    log.cut(2);
    log.isOfFormerLeader = true;
    settled.put(PARTITION, 2L);
    assertThatThrownBy(this::catchUp).isInstanceOf(BrokerUnavailableException.class);
    assertThatThrownBy(this::catchUp).isInstanceOf(BrokerUnavailableException.class);

    now += Duration.ofMinutes(6).toNanos();
    catchUp();
    // what is stored of the new incarnation has no later epoch
    log.isOfFormerLeader = false;
    append("x");
    deliver(2, 3);

    assertThat(database.rows(FIRST, 0).values()).containsExactly("a", "b", "c", "d");
    assertThat(database.rows(FIRST, 1)).containsExactly(Map.entry(2L, "x"));
  }

  /** Another instance stored the end, so this one has nothing to compare with. */
  @Test
  void aLogThatWentBackWhileNobodyReadIsNoticedAtTheFirstDelivery() throws Exception {
    append("a", "b", "c");
    deliver(0, 3);
    log.cut(1);
    append("x", "y", "z");

    otherInstance().store(List.of(delivery(log.range(3, 4))));

    assertThat(database.rows(FIRST, 1).values()).containsExactly("x", "y", "z");
  }

  @Test
  void recordsOfTheFormerLogThatWereQueuedAreNotStoredAsThoseOfTheNewOne() throws Exception {
    append("a", "b", "c", "d");
    deliver(0, 2);
    RecordRange queued = log.range(2, 4);
    log.cut(1);
    settled.put(PARTITION, 2L);
    catchUp();
    append("x", "y", "z");

    store.store(List.of(delivery(queued)));
    append("w");
    deliver(4, 5);

    assertThat(database.rows(FIRST, 0).values()).containsExactly("a", "b");
    assertThat(database.rows(FIRST, 1).values()).containsExactly("x", "y", "z", "w");
  }

  /** The broker has lost them, but this instance has them. */
  @Test
  void recordsOfTheFormerLogThatWereQueuedAreStoredIfNothingElseIsKnownYet() throws Exception {
    append("a", "b", "c", "d");
    deliver(0, 2);
    RecordRange queued = log.range(2, 4);
    log.cut(1);
    append("x", "y", "z");

    store.store(List.of(delivery(queued)));
    append("w");
    deliver(4, 5);

    assertThat(database.rows(FIRST, 0).values()).containsExactly("a", "b", "c", "d");
    assertThat(database.rows(FIRST, 1).values()).containsExactly("x", "y", "z", "w");
  }

  @Test
  void everythingIsStoredAnewIfTheCommonPartCannotBeProven() throws Exception {
    append("a", "b", "c");
    deliver(0, 3);
    log.cut(0);
    append("A", "B", "C");
    log.cutAt = 2;
    deliver(2, 3);

    assertThat(database.rows(FIRST, 1).values()).containsExactly("A", "B", "C");
  }

  @Test
  void recordsThatWereDeletedBeforeTheyWereReadAreLost() throws Exception {
    append("a", "b", "c", "d");
    deliver(0, 1);
    log.deleteBefore(3);
    store.store(List.of(delivery(log.range(1, 4))));

    assertThat(database.rows(FIRST, 0)).containsOnlyKeys(0L, 3L);
    assertThat(database.absences()).containsExactly("1-2 deleted");
  }

  @Test
  void recordsThatWereDeletedBeforeTheyWereReadAgainAreLost() throws Exception {
    append("a", "b", "c", "d");
    deliver(0, 1);
    log.deleteBefore(2);
    deliver(3, 4);

    assertThat(database.rows(FIRST, 0)).containsOnlyKeys(0L, 2L, 3L);
    assertThat(database.absences()).containsExactly("1-1 deleted");
  }

  @Test
  void aTransactionMarkerIsNoLoss() throws Exception {
    append("a");
    log.appendMarker();
    append("b");
    deliver(0, 1);
    deliver(1, 3);

    assertThat(database.absences()).containsExactly("1-1 transaction");
  }

  /** The broker's metadata may be out of date for a moment. */
  @Test
  void oneWrongAnswerOfTheBrokerDeclaresNothingLost() throws Exception {
    append("a", "b", "c");
    RecordRange late = log.range(2, 3);
    log.id = null;
    assertThatThrownBy(() -> store.store(List.of(delivery(late))))
        .isInstanceOf(BrokerUnavailableException.class);

    log.id = FIRST;
    store.store(List.of(delivery(late)));

    assertThat(database.rows(FIRST, 0).values()).containsExactly("a", "b", "c");
    assertThat(database.absences()).isEmpty();
  }

  /** The second topic existed for so short a time that its id was never seen. */
  @Test
  void recordsOfATopicThatWasNeverSeenAreNotBookedOnAnotherOne() throws Exception {
    append("a", "b");
    deliver(0, 2);
    log.recreate(SECOND);
    append("x", "y", "z");
    RecordRange unseen = log.range(0, 3);
    log.recreate(UUID.randomUUID());
    append("1");

    store.store(List.of(delivery(unseen)));

    UUID madeUp = database.topicIds().get(1);
    assertThat(madeUp).isNotIn(FIRST, SECOND, log.id);
    assertThat(database.rows(FIRST, 0).values()).containsExactly("a", "b");
    assertThat(database.rows(madeUp, 0).values()).containsExactly("x", "y", "z");
    assertThat(database.rows(log.id, 0)).isEmpty();
  }

  @Test
  void equalFirstRecordsDoNotMakeTwoTopicsOne() throws Exception {
    append("a");
    RecordRange first = log.range(0, 1);
    append("b");
    RecordRange late = log.range(1, 2);
    log.recreate(SECOND);
    append("a", "x");

    store.store(List.of(delivery(new RecordRange("t", null, 0, 0, 2, concat(first, late)))));
    deliver(0, 2);

    assertThat(database.rows(FIRST, 0).values()).containsExactly("a", "b");
    assertThat(database.rows(SECOND, 0).values()).containsExactly("a", "x");
  }

  private static List<ConsumerRecord<byte[], byte[]>> concat(RecordRange one, RecordRange other) {
    List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>(one.records());
    records.addAll(other.records());
    return records;
  }

  @Test
  void aBatchThatIsTriedAgainKeepsItsTopic() throws Exception {
    append("a", "b");
    deliver(0, 1);
    RecordRange late = log.range(1, 2);
    log.recreate(SECOND);
    append("x", "y");
    database.failCommits(new SQLException("away", "08006"));
    assertThatThrownBy(() -> store.store(List.of(delivery(late))))
        .isInstanceOf(StorageException.class);
    database.failCommits(null);

    store.store(List.of(delivery(late)));

    assertThat(database.rows(FIRST, 0).values()).containsExactly("a", "b");
  }

  private ExactlyOnceStore otherInstance() {
    return new ExactlyOnceStore(
        List.of("t"), log, database.writer(), topic -> settled, state, () -> now);
  }

  @Test
  void deliveriesOfOneLeaderAreStoredInOneTransaction() throws Exception {
    append("a", "b");
    log.appendMarker();

    store.store(
        List.of(delivery(log.range(0, 1)), delivery(log.range(1, 2)), delivery(log.range(2, 3))));

    assertThat(database.transactions()).isEqualTo(1);
    assertThat(database.position(FIRST)).isEqualTo(3);
  }

  /** The log may have gone back between them. */
  @Test
  void recordsOfAFormerLeaderAreStoredBeforeThoseOfTheNextOne() throws Exception {
    append("a", "b");
    RecordRange former = log.range(0, 2);
    log.cut(1);
    append("x", "y");

    store.store(List.of(delivery(former), delivery(log.range(2, 3))));

    assertThat(database.rows(FIRST, 0).values()).containsExactly("a", "b");
    assertThat(database.rows(FIRST, 1).values()).containsExactly("x", "y");
  }

  @Test
  void aLogThatEndsWhereItIsStoredNeedsNoComparison() throws Exception {
    append("a");
    deliver(0, 1);
    settled.put(PARTITION, 1L);
    int transactions = database.transactions();

    catchUp();

    assertThat(log.readers).isZero();
    assertThat(database.transactions()).isEqualTo(transactions);
  }

  @Test
  void anUnchangedLogIsComparedOnce() throws Exception {
    append("a");
    deliver(0, 1);
    settled.put(PARTITION, 1L);
    log.epochs.put(1L, 7);

    catchUp();
    assertThat(log.readers).isEqualTo(1);
    catchUp();
    assertThat(log.readers).isEqualTo(1);
    assertThat(database.rows(FIRST, 1)).isEmpty();
  }

  @Test
  void catchingUpIsProgress() throws Exception {
    append("a");
    settled.put(PARTITION, 1L);
    assertThat(state.lastStoredAt()).isEmpty();

    catchUp();

    assertThat(state.lastStoredAt()).isPresent();
  }

  /** Otherwise the next record at that offset would look like a change of the log. */
  @Test
  void anInstanceThatHasToCompareTheLogStoresWhatTheLogHoldsNow() throws Exception {
    append("a", "b", "c");
    deliver(0, 2);
    RecordRange queued = log.range(2, 3);
    log.cut(2);
    append("z");

    otherInstance().store(List.of(delivery(queued)));

    assertThat(database.rows(FIRST, 0).values()).containsExactly("a", "b", "z");
    assertThat(database.rows(FIRST, 1)).isEmpty();
  }

  /** The delivery tells nothing, because it begins after the stored position. */
  @Test
  void aLogThatWentBackIsNoticedWhenMissingRecordsAreReadAgain() throws Exception {
    append("a", "b", "c");
    deliver(0, 3);
    log.cut(1);
    append("w", "x", "y", "z");
    ExactlyOnceStore other = otherInstance();
    Delivery delivery = delivery(log.range(4, 5));

    assertThatThrownBy(() -> other.store(List.of(delivery)))
        .hasMessageContaining("the log went back while it was read");
    other.store(List.of(delivery));

    assertThat(database.rows(FIRST, 0).values()).containsExactly("a", "b", "c");
    assertThat(database.rows(FIRST, 1).values()).containsExactly("w", "x", "y", "z");
  }

  @Test
  void whatCompactionRemovedIsNotTakenForDeleted() throws Exception {
    log.compacted = true;
    append("a");
    log.appendMarker();
    log.appendMarker();
    append("b", "c");
    deliver(0, 1);
    log.deleteBefore(2);

    deliver(4, 5);

    assertThat(database.rows(FIRST, 0).values()).containsExactly("a", "b", "c");
    assertThat(database.absences()).containsExactly("1-1 deleted", "2-2 compaction");
  }

  @Test
  void recordsOfATopicThatIsCreatedAgainWhileItIsReadAreNotStored() throws Exception {
    append("a", "b", "c", "d");
    Delivery late = delivery(log.range(3, 4));
    log.whileRead =
        () -> {
          log.recreate(SECOND);
          append("w", "x", "y", "z");
        };

    assertThatThrownBy(() -> store.store(List.of(late)))
        .isInstanceOf(BrokerUnavailableException.class);

    assertThat(database.rows(FIRST, 0)).isEmpty();
  }

  @Test
  void aDeliveryIsKeptIfItsTopicIsCreatedAgainWhileItIsCompared() throws Exception {
    append("a", "b", "c", "d");
    Delivery late = delivery(log.range(3, 4));
    log.whileCompared =
        () -> {
          log.recreate(SECOND);
          append("w");
        };
    assertThatThrownBy(() -> store.store(List.of(late)))
        .isInstanceOf(BrokerUnavailableException.class);

    store.store(List.of(late));

    assertThat(database.rows(FIRST, 0).values()).containsExactly("a", "b", "c", "d");
    assertThat(database.rows(SECOND, 0)).isEmpty();
  }

  /** Delivers records of a topic that the broker says is gone. */
  private void deliverFromDeletedTopic(RecordRange range) throws Exception {
    log.recreate(null);
    Delivery delivery = delivery(range);
    assertThatThrownBy(() -> store.store(List.of(delivery)))
        .isInstanceOf(BrokerUnavailableException.class);
    now += Duration.ofSeconds(6).toNanos();
    store.store(List.of(delivery));
  }

  @Test
  void recordsOfADeletedTopicStayItsOwnAfterAChangeOfTheLeader() throws Exception {
    append("a");
    deliver(0, 1);
    log.epochs.put(1L, 7);
    append("b");

    deliverFromDeletedTopic(log.range(1, 2));

    assertThat(database.rows(FIRST, 0).values()).containsExactly("a", "b");
  }

  /** The last stored record, which could be compared, is no longer delivered. */
  @Test
  void whatCompactionLeavesOfADeletedTopicStaysItsOwn() throws Exception {
    append("a", "b");
    deliver(0, 2);
    append("c");
    log.records.remove(1L);

    deliverFromDeletedTopic(log.range(0, 3));

    assertThat(database.rows(FIRST, 0).values()).containsExactly("a", "b", "c");
  }

  @Test
  void recordsOfATopicThatWasNeverSeenAreNotBookedOnADeletedOne() throws Exception {
    append("a", "b");
    deliver(0, 2);
    log.recreate(SECOND);
    append("x", "y", "z");

    deliverFromDeletedTopic(log.range(0, 3));

    assertThat(database.rows(FIRST, 0).values()).containsExactly("a", "b");
    assertThat(database.topicIds()).hasSize(2);
    assertThat(database.rows(database.topicIds().get(1), 0).values())
        .containsExactly("x", "y", "z");
  }

  @Test
  void recordsOfTwoTopicsThatWereNeverSeenAreToldApart() throws Exception {
    append("a");
    deliver(0, 1);
    log.recreate(SECOND);
    append("x");
    RecordRange one = log.range(0, 1);
    log.recreate(SECOND);
    append("y");
    RecordRange other = log.range(0, 1);
    log.recreate(UUID.randomUUID());

    store.store(List.of(delivery(one)));
    store.store(List.of(delivery(other)));

    List<UUID> ids = database.topicIds();
    assertThat(ids).hasSize(3);
    assertThat(database.rows(ids.get(1), 0).values()).containsExactly("x");
    assertThat(database.rows(ids.get(2), 0).values()).containsExactly("y");
  }
}
