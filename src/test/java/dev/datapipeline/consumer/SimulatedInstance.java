package dev.datapipeline.consumer;

import dev.datapipeline.broker.SimulatedBroker;
import dev.datapipeline.broker.TopicLog;
import dev.datapipeline.config.ConsumerConfig;
import dev.datapipeline.connector.PartitionBatch;
import dev.datapipeline.connector.SimulatedChannel;
import dev.datapipeline.storage.BatchStore;
import dev.datapipeline.storage.SimulatedDatabase;
import dev.datapipeline.storage.StorageException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;

/**
 * One run of the application, from its start until it is killed. Consists of the real classes, but
 * has no threads: a simulation says when each of them takes a step.
 */
final class SimulatedInstance {
  /** A batch is at most as large as some records, so that one often ends before the queue does. */
  private static final ConsumerConfig CONFIG =
      new ConsumerConfig(true, 1, 4, 1 << 20, 1 << 20, 1 << 20, Duration.ofSeconds(30));

  /** Unwinds the stack of a step whose instance was killed in the middle. */
  static final class Killed extends Error {
    private static final long serialVersionUID = 1L;

    private Killed() {
      super("killed", null, false, false);
    }
  }

  private final String name;
  private final SimulatedBroker broker;
  private final LongSupplier nanoClock;
  private final List<SimulatedLane> lanes;
  private SimulatedChannel channel;
  private boolean killed;

  /**
   * Starts an instance.
   *
   * @param number the first instance has one lane, the second has two, and so on
   * @param call runs at each call to the broker or to the database
   */
  SimulatedInstance(
      int number,
      SimulatedBroker broker,
      SimulatedDatabase database,
      LongSupplier nanoClock,
      Runnable call) {
    name = "instance " + number;
    this.broker = broker;
    this.nanoClock = nanoClock;
    broker.createTopic(0);
    ConsumerState state = new ConsumerState();
    state.opened(Map.of(SimulatedBroker.TOPIC, broker.current().id()));
    Runnable callUnlessKilled =
        () -> {
          call.run();
          if (killed) {
            throw new Killed();
          }
        };
    TopicLog topicLog = broker.topicLog(callUnlessKilled, nanoClock);
    BatchStore writer = database.writer(callUnlessKilled);
    lanes =
        IntStream.rangeClosed(0, number)
            .mapToObj(
                any ->
                    new SimulatedLane(
                        new ExactlyOnceStore(
                            List.of(SimulatedBroker.TOPIC),
                            topicLog,
                            writer,
                            topic -> channel.settled(),
                            state,
                            nanoClock)))
            .toList();
    openChannel();
  }

  /** Opens the channel, or opens it again after it has ended. What is queued stays queued. */
  void openChannel() {
    channel = new SimulatedChannel(broker, name, nanoClock);
  }

  SimulatedChannel channel() {
    return channel;
  }

  int lanes() {
    return lanes.size();
  }

  boolean isKilled() {
    return killed;
  }

  void kill() {
    killed = true;
  }

  /** Hands polled batches to the lanes. */
  void deliver(int count) {
    for (int i = 0; i < count; i++) {
      Optional<PartitionBatch> next = channel.next();
      if (next.isEmpty()) {
        return;
      }
      PartitionBatch batch = next.get();
      lanes
          .get(EventConsumer.laneOf(batch.partition(), lanes.size()))
          .queue
          .add(Delivery.of(batch));
    }
  }

  /** Lets a lane try to store its batch; true if that was done. */
  boolean store(int lane) {
    return lanes.get(lane).run(lanes.get(lane)::store);
  }

  /** Takes the queue's space from a lane, as if other transactions blocked it. */
  void drop(int lane) {
    lanes.get(lane).queue.makeRoom();
  }

  /** Lets a lane compare positions, as it does between two batches. */
  void comparePositions(int lane) {
    SimulatedLane compared = lanes.get(lane);
    if (compared.batch.isEmpty()) {
      compared.run(
          () -> {
            compared.store.catchUp(
                partition -> EventConsumer.laneOf(partition, lanes.size()) == lane);
            return true;
          });
    }
  }

  /** What {@link Lane} does, without its thread. */
  private static final class SimulatedLane {
    private interface Work {
      boolean run() throws StorageException, InterruptedException;
    }

    // without any space it is always full
    private final DeliveryQueue queue = new DeliveryQueue(new QueueSpace(0), CONFIG);
    private final ExactlyOnceStore store;
    private final List<Delivery> batch = new ArrayList<>();
    private boolean busy;

    SimulatedLane(ExactlyOnceStore store) {
      this.store = store;
    }

    /** Runs a step unless one of this lane is running. Returns false if it failed. */
    boolean run(Work work) {
      if (busy) {
        return false;
      }
      busy = true;
      try {
        return work.run();
      } catch (StorageException | RuntimeException e) {
        // a lane keeps its batch and retries
        return false;
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      } finally {
        busy = false;
      }
    }

    boolean store() throws StorageException, InterruptedException {
      if (batch.isEmpty()) {
        Delivery first = queue.take(0);
        if (first == null) {
          return false;
        }
        batch.add(first);
        queue.fill(batch);
      }
      store.store(batch);
      queue.stored(batch);
      batch.clear();
      return true;
    }
  }
}
