package dev.datapipeline.it;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * Causes one random fault after another while two producers send. After each round every record of
 * the topic must be in the database exactly once. Runs with {@code mvn -Pchaos verify} only; the
 * system properties chaos.seed, chaos.brokers, chaos.rounds and chaos.minutes choose the faults and
 * the duration.
 */
class ChaosIT {
  private static final Path DIRECTORY = Path.of("target/chaos");

  private final long seed = Long.getLong("chaos.seed", System.currentTimeMillis() % 1_000_000);
  private final int rounds = Integer.getInteger("chaos.rounds", 60);
  private final Duration atMost = Duration.ofMinutes(Integer.getInteger("chaos.minutes", 24 * 60));
  private final int brokers = Integer.getInteger("chaos.brokers", seed % 2 == 0 ? 1 : 3);
  private final Random random = new Random(seed);
  private final LinkedList<String> deck = new LinkedList<>();
  private final Map<String, Integer> happened = new TreeMap<>();
  private final Instant begin = Instant.now();
  private PrintStream log;
  private int right;

  @Test
  void everyRecordIsStoredExactlyOnceWhateverHappens() throws Exception {
    Files.createDirectories(DIRECTORY);
    Files.deleteIfExists(DIRECTORY.resolve("report.md"));
    log = new PrintStream(Files.newOutputStream(DIRECTORY.resolve("rounds.log")), true, UTF_8);
    say("chaos.seed=%d chaos.brokers=%d chaos.rounds=%d".formatted(seed, brokers, rounds));
    try (Chaos chaos = new Chaos(brokers)) {
      ChaosFaults faults = new ChaosFaults(chaos, random);
      chaos.instances().get(0).start();
      Pipeline.awaitReady(chaos.instances().get(0));
      try {
        for (int round = 1;
            round <= rounds && Instant.now().isBefore(begin.plus(atMost));
            round++) {
          play(round, chaos, faults);
        }
        List<String> wrong = chaos.faultsAtTheEnd();
        say("the end: " + (wrong.isEmpty() ? "each exactly once, lag 0" : "WRONG: " + wrong));
        assertThat(wrong).as("seed %d, the end", seed).isEmpty();
        report(chaos);
      } catch (Exception | AssertionError e) {
        try {
          report(chaos);
        } catch (RuntimeException unknown) {
          e.addSuppressed(unknown);
        }
        throw e;
      }
    } finally {
      log.close();
    }
  }

  private void play(int round, Chaos chaos, ChaosFaults faults) throws Exception {
    long start = System.nanoTime();
    String fault = next(faults);
    happened.merge(fault, 1, Integer::sum);
    String what = fault;
    List<String> wrong;
    long caused;
    try {
      what = faults.all().get(fault).happen() + faults.joinOrStay();
      caused = System.nanoTime();
      wrong = chaos.faults();
    } catch (Exception | AssertionError e) {
      say("round %3d  ended by %s  %s".formatted(round, e, what));
      throw e;
    }
    say(
        String.format(
            Locale.ROOT,
            "round %3d  %4.1f + %4.1f s  %,9d records  %s  %s",
            round,
            (caused - start) / 1e9,
            (System.nanoTime() - caused) / 1e9,
            chaos.records(),
            wrong.isEmpty() ? "each exactly once" : "WRONG: " + wrong,
            what));
    assertThat(wrong).as("seed %d, round %d: %s", seed, round, what).isEmpty();
    right++;
  }

  /** Deals the faults like cards: each one is used before any is used again. */
  private String next(ChaosFaults faults) {
    if (deck.isEmpty()) {
      deck.addAll(faults.all().keySet());
      Collections.shuffle(deck, random);
    }
    return deck.remove();
  }

  private void say(String line) {
    log.println(line);
    System.out.println(line);
  }

  private void report(Chaos chaos) throws IOException {
    int played = happened.values().stream().mapToInt(Integer::intValue).sum();
    List<String> lines = new ArrayList<>();
    lines.add(
        "| seed | brokers | rounds | right | records | rows | dead letters | in two incarnations"
            + " | absent offsets | lost offsets | topics | logs gone back | minutes |");
    lines.add("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    long records = chaos.records();
    long rows = chaos.rows();
    long deadLetters = chaos.deadLetters();
    lines.add(
        String.format(
            Locale.ROOT,
            "| %d | %d | %d | %d | %,d | %,d | %,d | %,d | %,d | %,d | %d | %d | %.1f |",
            seed,
            brokers,
            played,
            right,
            records,
            rows,
            deadLetters,
            rows + deadLetters - records,
            chaos.absentOffsets(),
            chaos.lostOffsets(),
            chaos.topics(),
            chaos.goneBack(),
            Duration.between(begin, Instant.now()).toSeconds() / 60.0));
    lines.addAll(List.of("", "| fault | rounds |", "| --- | --- |"));
    happened.forEach((fault, times) -> lines.add("| %s | %d |".formatted(fault, times)));
    Files.write(DIRECTORY.resolve("report.md"), lines);
  }
}
