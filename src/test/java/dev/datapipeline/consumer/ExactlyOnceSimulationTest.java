package dev.datapipeline.consumer;

import dev.datapipeline.consumer.Step.Action;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Runs the real consumer and the real writer through many random schedules of steps and faults, and
 * checks that each record is stored exactly once. A failure names its seed, and the smallest
 * schedule that fails.
 */
class ExactlyOnceSimulationTest {
  private static final int SCHEDULES = Integer.getInteger("simulation.schedules", 100_000);
  private static final long SEED = Long.getLong("simulation.seed", 1);

  private final Logger log = Logger.getLogger("dev.datapipeline");

  /** The pipeline warns of the faults of the simulation. */
  @BeforeEach
  void silence() {
    log.setLevel(Level.OFF);
  }

  @AfterEach
  void speak() {
    log.setLevel(null);
  }

  /** Runs a schedule, and returns what is wrong with its result. */
  private Optional<Throwable> failure(List<Step> steps) {
    try {
      new Simulation(steps).run();
      return Optional.empty();
    } catch (AssertionError | RuntimeException e) {
      return Optional.of(e);
    }
  }

  @Test
  void everyRecordIsStoredExactlyOnce() {
    List<Action> actions = Step.weighted();
    for (int i = 0; i < SCHEDULES; i++) {
      List<Step> steps = Step.schedule(new Random(SEED + i), actions);
      if (failure(steps).isPresent()) {
        List<Step> simplest = simplest(steps);
        throw new AssertionError(
            "seed %d, after %d schedules; the simplest schedule that fails:%n%s"
                .formatted(SEED + i, i, text(simplest)),
            failure(simplest).orElseThrow());
      }
    }
  }

  /** Schedules that have found faults. */
  static Stream<Named<List<Step>>> faults() {
    return Stream.of(
        Named.of(
            "a log is filled exactly up to the stored position, and nothing follows",
            List.of(
                new Step(Action.PRODUCE, 1, 0, 0),
                new Step(Action.POLL, 1, 1, 0),
                new Step(Action.DELIVER, 1, 0, 0),
                new Step(Action.STORE, 1, 1, 0),
                new Step(Action.LOSE_TAIL, 1, 0, 0),
                new Step(Action.PRODUCE, 1, 0, 0))),
        Named.of(
            "a batch holds records of a log before and after it went back",
            List.of(
                new Step(Action.PRODUCE, 1, 0, 0),
                new Step(Action.POLL, 1, 1, 0),
                new Step(Action.LOSE_TAIL, 1, 0, 0),
                new Step(Action.PRODUCE, 1, 1, 0))),
        Named.of(
            "a batch holds offsets without a record from before a log went back",
            List.of(
                new Step(Action.PRODUCE, 1, 0, 0),
                new Step(Action.APPEND_GAP, 1, 0, 0),
                new Step(Action.POLL, 1, 1, 0),
                new Step(Action.DELIVER, 1, 0, 0),
                new Step(Action.POLL, 1, 0, 0),
                new Step(Action.LOSE_TAIL, 1, 0, 0),
                new Step(Action.PRODUCE, 1, 1, 0),
                new Step(Action.STORE, 1, 1, 0))),
        Named.of(
            "a log ends before a delivery, and holds up another partition",
            List.of(
                new Step(Action.PRODUCE, 0, 0, 0),
                new Step(Action.APPEND_GAP, 1, 0, 0),
                new Step(Action.REBALANCE, 0, 0, 0),
                new Step(Action.POLL, 0, 1, 0),
                new Step(Action.DELIVER, 0, 0, 0),
                new Step(Action.LOSE_TAIL, 1, 0, 0))),
        Named.of(
            "a log without any record goes back",
            List.of(
                new Step(Action.APPEND_GAP, 0, 0, 0),
                new Step(Action.POLL, 0, 1, 0),
                new Step(Action.DELIVER, 0, 0, 0),
                new Step(Action.STORE, 0, 0, 0),
                new Step(Action.LOSE_TAIL, 0, 0, 0))),
        Named.of(
            "the last stored record is deleted from the log that went back",
            List.of(
                new Step(Action.PRODUCE, 0, 0, 0),
                new Step(Action.APPEND_GAP, 0, 1, 0),
                new Step(Action.POLL, 0, 1, 0),
                new Step(Action.POLL, 0, 0, 0),
                new Step(Action.LOSE_TAIL, 0, 0, 0),
                new Step(Action.DELETE_HEAD, 0, 1, 0),
                new Step(Action.PRODUCE, 0, 0, 0))),
        Named.of(
            "a log goes back, and the database is restored, while offsets without a record wait",
            List.of(
                new Step(Action.PRODUCE, 0, 4, 0),
                new Step(Action.POLL, 0, 1, 0),
                new Step(Action.DELIVER, 0, 0, 0),
                new Step(Action.STORE, 0, 0, 0),
                new Step(Action.APPEND_GAP, 0, 0, 0),
                new Step(Action.POLL, 0, 0, 0),
                new Step(Action.LOSE_TAIL, 0, 1, 0),
                new Step(Action.RESTORE, 0, 0, 0),
                new Step(Action.PRODUCE, 0, 1, 0))),
        Named.of(
            "a log goes back again, further than before",
            List.of(
                new Step(Action.PRODUCE, 1, 0, 0),
                new Step(Action.POLL, 1, 1, 0),
                new Step(Action.DELIVER, 1, 0, 0),
                new Step(Action.APPEND_GAP, 1, 7, 0),
                new Step(Action.LOSE_TAIL, 1, 1, 0),
                new Step(Action.STORE, 1, 1, 0),
                new Step(Action.COMMIT_OFFSETS, 1, 0, 0),
                new Step(Action.COMPARE_POSITIONS, 1, 1, 0),
                new Step(Action.LOSE_TAIL, 1, 0, 0),
                new Step(Action.PRODUCE, 1, 1, 0))),
        Named.of(
            "two instances still deliver from a log that has gone back",
            List.of(
                new Step(Action.PRODUCE_POISON, 1, 0, 0),
                new Step(Action.POLL, 1, 1, 0),
                new Step(Action.LOSE_TAIL, 1, 0, 0),
                new Step(Action.REBALANCE, 0, 0, 0),
                new Step(Action.DELIVER, 1, 0, 0),
                new Step(Action.PRODUCE, 1, 2, 0),
                new Step(Action.POLL, 0, 1, 0),
                new Step(Action.POLL, 1, 1, 0),
                new Step(Action.REBALANCE, 0, 4, 0))),
        Named.of(
            "two logs that are gone both began with the same record",
            List.of(
                new Step(Action.POLL, 1, 1, 0),
                new Step(Action.REBALANCE, 0, 0, 0),
                new Step(Action.APPEND_GAP, 1, 0, 0),
                new Step(Action.POLL, 0, 1, 0),
                new Step(Action.LOSE_TAIL, 1, 0, 0),
                new Step(Action.POLL, 0, 0, 0),
                new Step(Action.PRODUCE, 1, 1, 0),
                new Step(Action.DELIVER, 0, 0, 0),
                new Step(Action.POLL, 0, 0, 0),
                new Step(Action.RECREATE_TOPIC, 0, 5, 0),
                new Step(Action.PRODUCE, 1, 0, 0),
                new Step(Action.POLL, 1, 0, 0),
                new Step(Action.DELETE_TOPIC, 0, 0, 0),
                new Step(Action.STORE, 0, 0, 0))));
  }

  @ParameterizedTest
  @MethodSource("faults")
  void faultsThatWereFoundDoNotComeBack(List<Step> steps) {
    new Simulation(steps).run();
  }

  private List<Step> simplest(List<Step> failing) {
    Optional<List<Step>> simpler =
        Step.simpler(failing).filter(steps -> failure(steps).isPresent()).findFirst();
    return simpler.isPresent() ? simplest(simpler.get()) : failing;
  }

  private static String text(List<Step> steps) {
    return steps.stream().map(Step::toString).collect(Collectors.joining(",\n  ", "  ", ""));
  }
}
