package dev.datapipeline.consumer;

import dev.datapipeline.broker.SimulatedBroker;
import dev.datapipeline.broker.SimulatedBroker.Incarnation;
import dev.datapipeline.broker.SimulatedBroker.Log;
import dev.datapipeline.record.Absence;
import dev.datapipeline.storage.SimulatedDatabase;
import dev.datapipeline.storage.SimulatedDatabase.CommitFault;
import dev.datapipeline.storage.SimulatedDatabase.Row;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/**
 * Two instances of the application, a broker and a database, all in memory and in one thread. Runs
 * a schedule step by step. A step may happen in the middle of another one, at any of its calls to
 * the broker or the database. So the same schedule always has the same result.
 */
final class Simulation {
  private static final int INSTANCES = 2;

  /** Without faults, everything must be stored after this many rounds. */
  private static final int ROUNDS = 30;

  private static final long SECOND = 1_000_000_000;

  /** A step with this many calls would go on for ever. */
  private static final int ENDLESS = 10_000;

  private final List<Step> steps;
  private int nextStep;
  private int calls;
  private long time;

  private final SimulatedBroker broker = new SimulatedBroker();
  private final Map<UUID, Incarnation> incarnations = new HashMap<>();
  private final SimulatedDatabase database = new SimulatedDatabase(this::checkRow);
  private final SimulatedInstance[] instances = new SimulatedInstance[INSTANCES];

  /** Prepares a simulation of some steps. */
  Simulation(List<Step> steps) {
    this.steps = List.copyOf(steps);
    IntStream.range(0, INSTANCES).forEach(this::start);
    rebalance(2);
  }

  /**
   * Runs the steps, ends all faults, and checks that each record is stored exactly once.
   *
   * @throws AssertionError if it isn't
   */
  void run() {
    while (nextStep < steps.size()) {
      perform(steps.get(nextStep++));
    }
    recover();
    checkRows();
  }

  /** Runs the steps that happen at this call to the broker or the database. */
  private void called() {
    calls++;
    check(calls < ENDLESS, "a step never ends");
    while (nextStep < steps.size() && steps.get(nextStep).during() == calls) {
      int callsBefore = calls;
      perform(steps.get(nextStep++));
      calls = callsBefore;
    }
  }

  private long now() {
    return ++time;
  }

  private void perform(Step step) {
    calls = 0;
    time += SECOND;
    int amount = step.amount();
    Log log = broker.current().log(step.who());
    SimulatedInstance instance = instances[step.who()];
    switch (step.action()) {
      case PRODUCE -> broker.produce(step.who(), 1 + amount % 3, "event");
      case PRODUCE_POISON -> broker.produce(step.who(), 1, SimulatedDatabase.POISON);
      case APPEND_GAP -> log.appendGap(1 + amount % 3);
      case COMPACT -> log.compact(amount);
      case DELETE_HEAD -> log.deleteHead(1 + amount);
      case LOSE_TAIL -> log.loseTail(1 + amount);
      case DELETE_TOPIC -> broker.deleteTopic();
      case RECREATE_TOPIC -> {
        broker.deleteTopic();
        createTopic(amount % 4);
      }
      case BROKER_AWAY -> broker.setAway(true);
      case BROKER_BACK -> broker.setAway(false);
      case MOVE_OFFSETS ->
          broker.commit(
              Map.of(new TopicPartition(SimulatedBroker.TOPIC, step.who()), (long) amount));
      case REBALANCE -> {
        if (amount >= 4) {
          living().forEach(member -> member.channel().commit());
        }
        rebalance(amount);
      }
      case KILL -> instance.kill();
      case START -> {
        if (instance.isKilled()) {
          start(step.who());
        }
      }
      case DATABASE_AWAY -> database.setAway(true);
      case DATABASE_BACK -> database.setAway(false);
      case DATABASE_RESTARTS -> database.restart();
      case COMMIT_FAILS -> database.setCommitFault(CommitFault.values()[1 + amount % 2]);
      case BACK_UP -> database.backUp();
      case RESTORE -> database.restore();
      default -> {
        if (!instance.isKilled()) {
          perform(step, instance);
        }
      }
    }
  }

  private static void perform(Step step, SimulatedInstance instance) {
    int amount = step.amount();
    try {
      switch (step.action()) {
        case POLL -> instance.channel().poll(amount % 4 > 0);
        case DELIVER -> instance.deliver(1 + amount);
        case STORE -> instance.store(amount % instance.lanes());
        case COMPARE_POSITIONS -> instance.comparePositions(amount % instance.lanes());
        case DROP_QUEUED -> instance.drop(amount % instance.lanes());
        case COMMIT_OFFSETS -> instance.channel().commit();
        case REOPEN_CHANNEL -> instance.openChannel();
        default -> throw new AssertionError(step);
      }
    } catch (SimulatedInstance.Killed e) {
      check(instance.isKilled(), "%s", e);
    }
  }

  private void createTopic(int equalRecords) {
    broker.createTopic(equalRecords);
    incarnations.put(broker.current().id(), broker.current());
  }

  private void start(int number) {
    createTopic(0);
    instances[number] = new SimulatedInstance(number, broker, database, this::now, this::called);
  }

  private void rebalance(int seed) {
    broker.rebalance(living().stream().map(SimulatedInstance::channel).toList(), seed);
  }

  private List<SimulatedInstance> living() {
    return Arrays.stream(instances).filter(instance -> !instance.isKilled()).toList();
  }

  /** Ends all faults and waits until everything is stored. */
  private void recover() {
    broker.setAway(false);
    database.setAway(false);
    database.setCommitFault(CommitFault.NONE);
    for (int number = 0; number < INSTANCES; number++) {
      if (instances[number].isKilled()) {
        start(number);
      }
    }
    rebalance(2);
    // at least two, because a log may end where it should and hold other records
    for (int round = 0; round < 2 || round < ROUNDS && !isEverythingStored(); round++) {
      time += 10 * SECOND;
      calls = 0;
      for (SimulatedInstance instance : instances) {
        instance.channel().poll(true);
        instance.deliver(Integer.MAX_VALUE);
        for (int lane = 0; lane < instance.lanes(); lane++) {
          while (instance.store(lane)) {}
        }
        instance.channel().commit();
        for (int lane = 0; lane < instance.lanes(); lane++) {
          instance.comparePositions(lane);
        }
      }
    }
    if (broker.topicExists()) {
      for (int partition = 0; partition < SimulatedBroker.PARTITIONS; partition++) {
        long end = broker.current().log(partition).end();
        check(
            position(partition) == end,
            "partition %d is stored up to %d of %d",
            partition,
            position(partition),
            end);
      }
    }
  }

  private boolean isEverythingStored() {
    return broker.topicExists()
        && IntStream.range(0, SimulatedBroker.PARTITIONS)
            .allMatch(partition -> position(partition) == broker.current().log(partition).end());
  }

  private long position(int partition) {
    return database.position(broker.current().id(), partition);
  }

  private void checkRow(Row row) {
    check(isFrom(row), "stored, but the topic never held it: %s", text(row));
    check(row.deadLetter() == isPoison(row.value()), "in the wrong table: %s", text(row));
  }

  /** Checks that each record is stored, or that it is written down that it was lost. */
  private void checkRows() {
    check(database.unexplained().isEmpty(), "unexplained offsets: %s", database.unexplained());
    if (!broker.topicExists()) {
      return;
    }
    Set<Row> rows = database.rows();
    UUID id = broker.current().id();
    for (int partition = 0; partition < SimulatedBroker.PARTITIONS; partition++) {
      Log log = broker.current().log(partition);
      for (ConsumerRecord<byte[], byte[]> record : log.committed()) {
        long offset = record.offset();
        Row row = new Row(id, partition, offset, record.value(), isPoison(record.value()));
        Absence absence = database.absence(id, partition, offset);
        check(
            rows.contains(row)
                || absence != null
                    && (log.isCompacted(offset) || absence.isLoss() && offset < log.start())
                // nobody can tell that a log went back if its new records are deleted again
                || offset < log.start() && log.hasLost(offset),
            "neither stored nor reported (%s): %s",
            absence,
            text(row));
      }
    }
  }

  /**
   * Returns whether a row's topic has held its record. What the present topic holds is always told
   * apart. But a delivery that no log holds as a whole any more may be from the topic before or
   * from a later one.
   */
  private boolean isFrom(Row row) {
    Incarnation topic = incarnations.get(row.topicId());
    return broker.incarnations().stream()
        .filter(other -> topic == null || other == topic || other.id().compareTo(topic.id()) > 0)
        .anyMatch(
            other -> {
              Log log = other.log(row.partition());
              boolean held = log.everHeld(row.offset(), row.value());
              boolean gone = !broker.topicId().equals(Optional.of(other.id())) || log.hasGoneBack();
              return held && (other == topic || gone);
            });
  }

  private static boolean isPoison(byte[] value) {
    return new String(value).startsWith(SimulatedDatabase.POISON);
  }

  private static String text(Row row) {
    return "topic %d, partition %d, offset %d: %s%s"
        .formatted(
            row.topicId().getLeastSignificantBits(),
            row.partition(),
            row.offset(),
            new String(row.value()),
            row.deadLetter() ? " (dead letter)" : "");
  }

  private static void check(boolean holds, String message, Object... arguments) {
    if (!holds) {
      throw new AssertionError(message.formatted(arguments));
    }
  }
}
