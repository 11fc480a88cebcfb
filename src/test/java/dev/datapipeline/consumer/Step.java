package dev.datapipeline.consumer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * One step of a {@link Simulation}.
 *
 * @param action what happens
 * @param who the number of the partition or of the instance that it happens to
 * @param amount how much, or which; its meaning depends on the action
 * @param during 0: when the step before is done; otherwise, in the middle of the step before, at
 *     this call to the broker or the database
 */
record Step(Action action, int who, int amount, int during) {
  private static final int MAX_WHO = 1;
  private static final int MAX_AMOUNT = 7;
  private static final int MAX_DURING = 9;
  private static final int MAX_STEPS = 60;

  /** What can happen. */
  enum Action {
    PRODUCE(12),
    POLL(14),
    DELIVER(12),
    STORE(16),
    COMPARE_POSITIONS(6),
    COMMIT_OFFSETS(5),
    REBALANCE(5),
    KILL(2),
    START(3),
    DROP_QUEUED(1),
    REOPEN_CHANNEL(1),
    MOVE_OFFSETS(1),
    PRODUCE_POISON(1),
    APPEND_GAP(3),
    COMPACT(1),
    DELETE_HEAD(2),
    DELETE_TOPIC(1),
    RECREATE_TOPIC(3),
    BROKER_AWAY(1),
    BROKER_BACK(2),
    DATABASE_AWAY(1),
    DATABASE_BACK(2),
    DATABASE_RESTARTS(1),
    COMMIT_FAILS(2),
    BACK_UP(2),
    RESTORE(2),
    LOSE_TAIL(3);

    private final int weight;

    Action(int weight) {
      this.weight = weight;
    }
  }

  /** Returns each action as often as its weight. */
  static List<Action> weighted() {
    return Arrays.stream(Action.values())
        .flatMap(action -> IntStream.range(0, action.weight).mapToObj(any -> action))
        .toList();
  }

  /** Returns a random schedule. */
  static List<Step> schedule(Random random, List<Action> actions) {
    List<Step> steps = new ArrayList<>();
    for (int length = random.nextInt(MAX_STEPS) + 1; steps.size() < length; ) {
      steps.add(
          new Step(
              actions.get(random.nextInt(actions.size())),
              random.nextInt(MAX_WHO + 1),
              random.nextInt(MAX_AMOUNT + 1),
              random.nextBoolean() ? 0 : random.nextInt(MAX_DURING + 1)));
    }
    return steps;
  }

  /** Returns schedules that are a little simpler than another one, the simplest first. */
  static Stream<List<Step>> simpler(List<Step> steps) {
    Stream<List<Step>> shorter =
        IntStream.iterate(steps.size() / 2, size -> size > 0, size -> size / 2)
            .boxed()
            .flatMap(
                size ->
                    IntStream.rangeClosed(0, steps.size() - size)
                        .mapToObj(from -> without(steps, from, size)));
    Stream<List<Step>> smaller =
        IntStream.range(0, steps.size())
            .boxed()
            .flatMap(i -> steps.get(i).simpler().map(step -> with(steps, i, step)));
    return Stream.concat(shorter, smaller);
  }

  private static List<Step> without(List<Step> steps, int from, int size) {
    List<Step> rest = new ArrayList<>(steps);
    rest.subList(from, from + size).clear();
    return rest;
  }

  private static List<Step> with(List<Step> steps, int index, Step step) {
    List<Step> changed = new ArrayList<>(steps);
    changed.set(index, step);
    return changed;
  }

  private Stream<Step> simpler() {
    return Stream.of(
            new Step(action, 0, amount, during),
            new Step(action, who, 0, during),
            new Step(action, who, amount / 2, during),
            new Step(action, who, Math.max(0, amount - 1), during),
            new Step(action, who, amount, 0),
            new Step(action, who, amount, Math.max(0, during - 1)))
        .filter(step -> !step.equals(this));
  }

  /** Returns the source text of this step. */
  @Override
  public String toString() {
    return "new Step(Action.%s, %d, %d, %d)".formatted(action, who, amount, during);
  }
}
