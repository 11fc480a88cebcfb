package dev.datapipeline.consumer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.datapipeline.broker.BrokerUnavailableException;
import dev.datapipeline.broker.TopicLog;
import dev.datapipeline.record.RecordRange;
import dev.datapipeline.storage.BatchStore;
import dev.datapipeline.storage.MissingRecordsException;
import dev.datapipeline.storage.StorageException;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ExactlyOnceStoreTest {
  private static final TopicPartition PARTITION = new TopicPartition("t", 0);
  private static final UUID FIRST = UUID.randomUUID();
  private static final UUID SECOND = UUID.randomUUID();

  /** A broker with one topic of one partition, in memory. */
  private static final class FakeTopicLog implements TopicLog {
    private UUID id = FIRST;
    private final TreeMap<Long, String> records = new TreeMap<>();
    private long end;
    private boolean away;

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
      end = 0;
    }

    ConsumerRecord<byte[], byte[]> record(long offset) {
      return new ConsumerRecord<>("t", 0, offset, null, records.get(offset).getBytes());
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
    public Optional<UUID> idAfter(String topic, long arrivedAtNanos) {
      if (away) {
        throw new BrokerUnavailableException("away");
      }
      return Optional.ofNullable(id);
    }

    @Override
    public Map<TopicPartition, Long> endOffsets(String topic) {
      return Map.of(PARTITION, end);
    }

    @Override
    public PartitionReader reader(TopicPartition partition) {
      return new PartitionReader() {
        @Override
        public long startOffset() {
          return records.isEmpty() ? end : records.firstKey();
        }

        @Override
        public boolean holds(ConsumerRecord<byte[], byte[]> wanted) {
          String value = records.get(wanted.offset());
          return value != null && Arrays.equals(value.getBytes(), wanted.value());
        }

        @Override
        public <E extends Exception> long read(long from, long to, RangeHandler<E> handler)
            throws E, InterruptedException {
          handler.handle(range(from, to));
          return range(from, to).records().size();
        }

        @Override
        public void close() {
          // nothing is open
        }
      };
    }
  }

  /** A database in memory. */
  private static final class FakeDatabase implements BatchStore {
    private final Map<UUID, Long> positions = new HashMap<>();
    private final Map<UUID, TreeMap<Long, String>> stored = new HashMap<>();
    private StorageException failure;

    long position(UUID topic) {
      return positions.getOrDefault(topic, 0L);
    }

    TreeMap<Long, String> rows(UUID topic) {
      return stored.computeIfAbsent(topic, any -> new TreeMap<>());
    }

    @Override
    public void store(List<RecordRange> batch) throws MissingRecordsException, StorageException {
      if (failure != null) {
        throw failure;
      }
      Map<UUID, Long> next = new HashMap<>(positions);
      Map<UUID, TreeMap<Long, String>> added = new HashMap<>();
      for (RecordRange range : batch) {
        long expected = next.getOrDefault(range.topicId(), 0L);
        if (range.from() > expected) {
          throw new MissingRecordsException(range, position(range.topicId()));
        }
        for (ConsumerRecord<byte[], byte[]> record : range.records()) {
          if (record.offset() >= expected) {
            added
                .computeIfAbsent(range.topicId(), any -> new TreeMap<>())
                .put(record.offset(), new String(record.value()));
          }
        }
        next.put(range.topicId(), Math.max(expected, range.to()));
      }
      positions.putAll(next);
      added.forEach((topic, rows) -> rows(topic).putAll(rows));
    }
  }

  private final FakeTopicLog log = new FakeTopicLog();
  private final FakeDatabase database = new FakeDatabase();
  private final Map<TopicPartition, Long> settled = new HashMap<>();
  private final ConsumerState state = new ConsumerState();
  private final ExactlyOnceStore store =
      new ExactlyOnceStore(List.of("t"), log, database, topic -> settled, state);

  @BeforeEach
  void open() {
    state.opened(Map.of("t", FIRST));
  }

  private void append(String... values) {
    for (String value : values) {
      log.append(value);
    }
  }

  private static Delivery delivery(RecordRange range) {
    return new Delivery(range, 0, System.nanoTime(), () -> {});
  }

  private void deliver(long from, long to) throws Exception {
    store.store(List.of(delivery(log.range(from, to))));
  }

  private void catchUp() throws Exception {
    store.catchUp(partition -> true);
  }

  @Test
  void deliveriesAreStoredUnderTheIdOfTheirTopic() throws Exception {
    append("a", "b");
    deliver(0, 2);

    assertThat(database.rows(FIRST)).containsExactly(Map.entry(0L, "a"), Map.entry(1L, "b"));
  }

  @Test
  void whatTheDatabaseLacksBeforeADeliveryIsReadAgain() throws Exception {
    append("a", "b", "c", "d");
    deliver(3, 4);

    assertThat(database.rows(FIRST).values()).containsExactly("a", "b", "c", "d");
    assertThat(database.position(FIRST)).isEqualTo(4);
  }

  /** A partition that was revoked and assigned again leaves a gap between two deliveries. */
  @Test
  void whatLacksBetweenTwoDeliveriesIsReadAgain() throws Exception {
    append("a", "b", "c", "d", "e");
    deliver(0, 1);

    store.store(List.of(delivery(log.range(1, 2)), delivery(log.range(4, 5))));

    assertThat(database.rows(FIRST).values()).containsExactly("a", "b", "c", "d", "e");
    assertThat(database.position(FIRST)).isEqualTo(5);
  }

  @Test
  void aRestoredDatabaseIsCaughtUpWithoutANewRecord() throws Exception {
    append("a", "b", "c");
    deliver(0, 3);
    settled.put(PARTITION, 3L);
    database.positions.put(FIRST, 1L);
    database.rows(FIRST).tailMap(1L).clear();

    catchUp();

    assertThat(database.rows(FIRST).values()).containsExactly("a", "b", "c");
  }

  @Test
  void aChannelThatStartsAfterWhatIsStoredIsCaughtUp() throws Exception {
    append("a", "b");
    settled.put(PARTITION, 2L);

    catchUp();

    assertThat(database.rows(FIRST).values()).containsExactly("a", "b");
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

    assertThat(database.rows(FIRST).values()).containsExactly("a", "b");
    assertThat(database.rows(SECOND).values()).containsExactly("x");
  }

  @Test
  void lateRecordsOfTheFormerTopicStayItsOwn() throws Exception {
    append("a", "b");
    RecordRange late = log.range(0, 2);
    log.recreate(SECOND);
    append("x");

    store.store(List.of(delivery(late)));

    assertThat(database.rows(FIRST).values()).containsExactly("a", "b");
    assertThat(database.rows(SECOND)).isEmpty();
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
  void recordsOfADeletedTopicThatWereNeverStoredArePassed() throws Exception {
    append("a", "b", "c");
    RecordRange late = log.range(2, 3);
    log.recreate(null);

    store.store(List.of(delivery(late)));

    assertThat(database.rows(FIRST)).containsExactly(Map.entry(2L, "c"));
    assertThat(database.position(FIRST)).isEqualTo(3);
  }

  @Test
  void anOutageOfTheBrokerStoresNothing() {
    append("a");
    log.away = true;

    assertThatThrownBy(() -> deliver(0, 1)).isInstanceOf(BrokerUnavailableException.class);
    assertThat(database.rows(FIRST)).isEmpty();
  }

  @Test
  void anOutageOfTheDatabaseWhileRecordsAreReadAgainIsPassedOn() {
    append("a", "b");
    List<RecordRange> parts = new ArrayList<>();
    FakeTopicLog recording = log;
    parts.add(recording.range(1, 2));
    database.positions.put(FIRST, 0L);
    BatchStore failingAfterTheFirstAnswer =
        batch -> {
          if (batch.get(0).from() > 0) {
            throw new MissingRecordsException(batch.get(0), 0);
          }
          throw new StorageException(new SQLException("away", "08006"));
        };
    ExactlyOnceStore other =
        new ExactlyOnceStore(
            List.of("t"), log, failingAfterTheFirstAnswer, topic -> settled, state);

    assertThatThrownBy(() -> other.store(List.of(delivery(parts.get(0)))))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("08006");
  }
}
