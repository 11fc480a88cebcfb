package dev.datapipeline.consumer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.datapipeline.broker.BrokerUnavailableException;
import dev.datapipeline.config.ConsumerConfig;
import dev.datapipeline.metrics.PipelineMetrics;
import dev.datapipeline.metrics.RecordingMetrics;
import dev.datapipeline.record.RecordRange;
import dev.datapipeline.storage.StorageException;
import dev.datapipeline.tracing.Tracing;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntPredicate;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LaneTest {
  private static final int MAX_RECORDS = 10;
  private static final int MAX_BYTES = 1000;

  /** Stores batches in memory; a test can make it wait or fail. */
  private static final class FakeStore implements RecordStore {
    private final List<List<Delivery>> batches = new CopyOnWriteArrayList<>();
    private final Deque<Throwable> failures = new ArrayDeque<>();
    private final Semaphore permits = new Semaphore(Integer.MAX_VALUE);
    private final AtomicInteger comparisons = new AtomicInteger();
    private volatile Throwable comparisonFailure;

    @Override
    public void store(List<Delivery> deliveries) throws StorageException, InterruptedException {
      permits.acquire();
      Throwable failure;
      synchronized (failures) {
        failure = failures.poll();
      }
      if (failure instanceof StorageException e) {
        throw e;
      }
      if (failure instanceof RuntimeException e) {
        throw e;
      }
      if (failure instanceof Error e) {
        throw e;
      }
      batches.add(new ArrayList<>(deliveries));
    }

    @Override
    public void catchUp(IntPredicate owned) {
      comparisons.incrementAndGet();
      if (comparisonFailure instanceof RuntimeException e) {
        throw e;
      }
      if (comparisonFailure instanceof Error e) {
        throw e;
      }
    }
  }

  private final FakeStore store = new FakeStore();
  private final ConsumerState state = new ConsumerState();
  private final QueueSpace space = new QueueSpace(1 << 20);
  private final PipelineMetrics metrics = new RecordingMetrics().pipelineMetrics();
  private final AtomicInteger stored = new AtomicInteger();
  private final Lane lane =
      new Lane(
          "writer 1",
          new ConsumerConfig(
              true, 1, MAX_RECORDS, MAX_BYTES, 1 << 20, 1 << 20, Duration.ofSeconds(30)),
          store,
          metrics,
          new Tracing(null, true),
          state,
          space,
          partition -> true);
  private final Thread thread = new Thread(lane, "lane");

  @AfterEach
  void stop() throws InterruptedException {
    thread.interrupt();
    thread.join(5000);
    assertThat(thread.isAlive()).isFalse();
  }

  private void add(int records, long bytes) {
    List<ConsumerRecord<byte[], byte[]>> values = new ArrayList<>();
    for (int i = 0; i < records; i++) {
      values.add(new ConsumerRecord<>("t", 0, i, null, new byte[1]));
    }
    lane.add(
        new Delivery(
            new RecordRange("t", null, 0, 0, records, values),
            bytes,
            System.nanoTime(),
            System.nanoTime(),
            stored::incrementAndGet));
  }

  private static StorageException failure(String sqlState) {
    return new StorageException(new SQLException("fails", sqlState));
  }

  @Test
  void aLoneDeliveryIsStoredAtOnce() {
    thread.start();
    add(1, 10);

    await().until(() -> store.batches.size() == 1);
    await().until(() -> space.bytes() == 0);
    assertThat(stored).hasValue(1);
  }

  @Test
  void whatGathersWhileABatchIsWrittenIsStoredTogether() {
    store.permits.drainPermits();
    thread.start();
    add(1, 10);
    await().until(store.permits::hasQueuedThreads);
    add(2, 10);
    add(3, 10);
    store.permits.release(2);

    await().until(() -> store.batches.size() == 2);
    assertThat(store.batches.get(1)).hasSize(2);
  }

  @Test
  void aBatchIsBoundedByRecordsAndByBytes() {
    add(6, 10);
    add(6, 10);
    add(1, 600);
    add(1, 600);
    thread.start();

    await().until(() -> stored.get() == 4);
    assertThat(store.batches).hasSize(3);
    assertThat(store.batches.get(1)).hasSize(2);
  }

  @Test
  void aDeliveryLargerThanABatchIsStoredAlone() {
    add(MAX_RECORDS * 3, MAX_BYTES * 3);
    add(1, 10);
    thread.start();

    await().until(() -> stored.get() == 2);
    assertThat(store.batches).hasSize(2);
  }

  @Test
  void aBatchThatIsNotTakenIsKeptAndRetried() {
    store.failures.add(failure("08006"));
    store.failures.add(new BrokerUnavailableException("no answer"));
    store.failures.add(failure("57P03"));
    thread.start();
    add(1, 10);

    await().until(() -> stored.get() == 1);
    assertThat(metrics.counts().retries()).isEqualTo(3);
    assertThat(state.lastError()).hasValueSatisfying(error -> assertThat(error).contains("57P03"));
    assertThat(space.bytes()).isZero();
  }

  @Test
  void anErrorIsAFailureThatIsRetried() {
    store.failures.add(new OutOfMemoryError("Java heap space"));
    store.failures.add(new NoClassDefFoundError("some/Class"));
    thread.start();
    add(1, 10);

    await().until(() -> stored.get() == 1);
    assertThat(metrics.counts().retries()).isEqualTo(2);
    await().until(() -> space.bytes() == 0);
    assertThat(state.lastError())
        .hasValueSatisfying(error -> assertThat(error).contains("some/Class"));
    assertThat(state.isFailing()).isFalse();
  }

  @Test
  void anErrorAfterABatchWasStoredIsReportedAndTheBatchStoredAgain() {
    AtomicInteger calls = new AtomicInteger();
    lane.add(
        new Delivery(
            new RecordRange("t", null, 0, 0, 0, List.of()),
            10,
            System.nanoTime(),
            System.nanoTime(),
            () -> {
              if (calls.incrementAndGet() == 1) {
                throw new StackOverflowError();
              }
              stored.incrementAndGet();
            }));
    thread.start();

    await().until(() -> stored.get() == 1);
    assertThat(store.batches).hasSize(2);
    await().until(() -> space.bytes() == 0);
  }

  @Test
  void itIsFailingUntilTheBatchIsStored() {
    store.failures.add(failure("42P01"));
    store.permits.drainPermits();
    store.permits.release();
    thread.start();
    add(1, 10);

    await().until(state::isFailing);
    assertThat(stored).hasValue(0);
    assertThat(space.bytes()).isEqualTo(10);
    store.permits.release();
    await().until(() -> stored.get() == 1);
    assertThat(state.isFailing()).isFalse();
  }

  @Test
  void aLaneThatIsBlockedLeavesTheQueueToTheOthers() {
    store.failures.add(failure("55P03"));
    store.permits.drainPermits();
    thread.start();
    add(1, 10);
    await().until(store.permits::hasQueuedThreads);
    add(1, 1 << 20);
    add(1, 10);
    store.permits.release();

    await().until(() -> space.bytes() == 10);
    assertThat(store.batches).isEmpty();
    assertThat(stored).hasValue(2);
    await().until(store.permits::hasQueuedThreads);

    add(1, 1 << 20);
    assertThat(space.isFull()).as("nobody else could use the space").isTrue();
    state.stored("writer 2");
    add(1, 10);
    assertThat(space.bytes()).isEqualTo(10);

    add(1, 20);
    assertThat(space.bytes()).as("there is space for all").isEqualTo(30);
    store.permits.release(2);
    await().until(() -> space.bytes() == 0);
    assertThat(store.batches).hasSize(2);
  }

  @Test
  void anOutageLeavesTheQueueAsItIs() {
    store.failures.add(failure("08006"));
    store.permits.drainPermits();
    thread.start();
    add(1, 10);
    await().until(store.permits::hasQueuedThreads);
    add(1, 1 << 20);
    store.permits.release();

    await().until(() -> metrics.counts().retries() == 1 && store.permits.hasQueuedThreads());
    assertThat(space.isFull()).isTrue();
    store.permits.release(2);
    await().until(() -> store.batches.size() == 2);
  }

  @Test
  void nothingIsStoredWhilePaused() {
    state.setPaused(true);
    thread.start();
    add(1, 10);

    await().until(() -> thread.getState() == Thread.State.WAITING);
    assertThat(store.batches).isEmpty();
    assertThat(store.comparisons).hasValue(0);
    state.setPaused(false);
    await().until(() -> stored.get() == 1);
  }

  @Test
  void whatGathersDuringAPauseIsStoredTogether() {
    thread.start();
    await().until(() -> store.comparisons.get() == 1);
    state.setPaused(true);
    add(1, 10);
    await().until(() -> thread.getState() == Thread.State.WAITING);
    add(1, 10);
    state.setPaused(false);

    await().until(() -> stored.get() == 2);
    assertThat(store.batches).hasSize(1);
  }

  @Test
  void positionsAreComparedAtTheStart() {
    thread.start();

    await().until(() -> store.comparisons.get() == 1);
  }

  @Test
  void aFailedComparisonIsReportedAndRepeated() {
    store.comparisonFailure = new IllegalStateException("the topic ends too early");
    thread.start();

    await().until(state::isFailing);
    await().until(() -> store.comparisons.get() > 1);
    store.comparisonFailure = null;
    await().until(() -> !state.isFailing());
  }

  @Test
  void anErrorInAComparisonIsReportedAndTheComparisonRepeated() {
    store.comparisonFailure = new OutOfMemoryError("Java heap space");
    thread.start();

    await().until(state::isFailing);
    await().until(() -> store.comparisons.get() > 1);
    store.comparisonFailure = null;
    await().until(() -> !state.isFailing());
    add(1, 10);
    await().until(() -> stored.get() == 1);
  }

  @Test
  void aBrokerThatDoesNotAnswerAComparisonIsLeftToItsOwnHealthCheck() {
    store.comparisonFailure = new BrokerUnavailableException("no answer");
    thread.start();

    await().until(() -> store.comparisons.get() > 1);
    assertThat(state.isFailing()).isFalse();
  }
}
