package dev.datapipeline.consumer;

import dev.datapipeline.consumer.Step.Action;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Runs the real consumer and the real writer through many random schedules of steps and faults, and
 * checks that each record is stored exactly once. A failure names its seed, and the smallest
 * schedule that fails.
 */
class ExactlyOnceSimulationTest {
  private static final int SCHEDULES = Integer.getInteger("simulation.schedules", 20_000);
  private static final long SEED = Long.getLong("simulation.seed", 1);
  private static final boolean LOST_TAILS = Boolean.getBoolean("simulation.lostTails");

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
    List<Action> actions =
        Step.weighted(
            Arrays.stream(Action.values())
                .filter(action -> LOST_TAILS || action != Action.LOSE_TAIL));
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

  private List<Step> simplest(List<Step> failing) {
    Optional<List<Step>> simpler =
        Step.simpler(failing).filter(steps -> failure(steps).isPresent()).findFirst();
    return simpler.isPresent() ? simplest(simpler.get()) : failing;
  }

  private static String text(List<Step> steps) {
    return steps.stream().map(Step::toString).collect(Collectors.joining(",\n  ", "  ", ""));
  }
}
