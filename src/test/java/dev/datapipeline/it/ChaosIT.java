package dev.datapipeline.it;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.datapipeline.backends.KafkaBroker;
import dev.datapipeline.backends.PostgresServer;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.LinkedList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.awaitility.core.ConditionTimeoutException;
import org.junit.jupiter.api.Test;

/**
 * Causes one random fault after another while two producers send. After each round every record of
 * the topic must be in the database exactly once. Runs with {@code mvn -Pchaos verify} only; the
 * system properties chaos.seed, chaos.rounds and chaos.minutes choose the faults and the duration.
 */
class ChaosIT {
  private static final int PARTITIONS = 4;
  private static final Duration PATIENCE = Duration.ofMinutes(4);
  private static final Path LOG = Path.of("target/chaos.log");

  private static final String OF_TOPIC =
      "topic_partition_id IN (SELECT id FROM topic_partitions WHERE topic = 'chaos')";

  /** A fault of a round. Returns its description. */
  private interface Fault {
    String happen() throws Exception;
  }

  private final long seed = Long.getLong("chaos.seed", System.currentTimeMillis() % 1_000_000);
  private final int rounds = Integer.getInteger("chaos.rounds", 60);
  private final Duration atMost = Duration.ofMinutes(Integer.getInteger("chaos.minutes", 24 * 60));
  private final Random random = new Random(seed);
  private final Pipeline pipeline = new Pipeline("chaos", PARTITIONS);
  private final KafkaBroker kafka = pipeline.backends().kafka();
  private final PostgresServer postgres = pipeline.backends().postgres();
  private final List<Application> instances =
      List.of(pipeline.instance("1"), pipeline.instance("2"), pipeline.instance("3"));
  private final List<Fault> faults =
      List.of(
          this::killInstance,
          this::killInstance,
          this::killEveryInstance,
          this::stopInstance,
          this::hangInstance,
          this::killBroker,
          this::killBroker,
          this::hangBroker,
          this::stopDatabaseImmediately,
          this::killDatabase,
          this::hangDatabase,
          this::killEverything,
          this::sendPoison,
          this::resetGroup,
          this::putDatabaseBack);
  private final LinkedList<Fault> deck = new LinkedList<>();
  private Traffic traffic;

  @Test
  void everyRecordIsStoredExactlyOnceWhateverHappens() throws Exception {
    Instant end = Instant.now().plus(atMost);
    try (PrintStream log = new PrintStream(Files.newOutputStream(LOG), true, UTF_8);
        TopicContent content = pipeline.content()) {
      say(log, "chaos.seed=%d chaos.rounds=%d".formatted(seed, rounds));
      instances.get(0).start();
      Pipeline.awaitReady(instances.get(0));
      traffic = new Traffic(pipeline, PARTITIONS);
      for (int round = 1; round <= rounds && Instant.now().isBefore(end); round++) {
        play(round, content, log);
      }
      traffic.close();
      settle(content, log);
    } finally {
      pipeline.close();
    }
  }

  private void play(int round, TopicContent content, PrintStream log) throws Exception {
    long begin = System.nanoTime();
    String what = nextFault().happen();
    what += joinOrStay();
    List<String> wrong = verdict(content);
    say(
        log,
        String.format(
            Locale.ROOT,
            "round %3d  %4.1f s  %,9d records  %s  %s",
            round,
            (System.nanoTime() - begin) / 1e9,
            content.records(),
            wrong.isEmpty() ? "each exactly once" : "WRONG: " + wrong,
            what));
    assertThat(wrong).as("seed %d, round %d: %s", seed, round, what).isEmpty();
  }

  /** Deals the faults like cards: each one is used before any is used again. */
  private Fault nextFault() {
    if (deck.isEmpty()) {
      deck.addAll(faults);
      Collections.shuffle(deck, random);
    }
    return deck.remove();
  }

  private static void say(PrintStream log, String line) {
    log.println(line);
    System.out.println(line);
  }

  /** Waits until everything on the topic is stored, and returns what is wrong with it. */
  private List<String> verdict(TopicContent content) {
    try {
      content.readTo(pipeline.endOffsets());
      await().atMost(PATIENCE).until(content::isStored);
      return content.faults();
    } catch (ConditionTimeoutException e) {
      return List.of("not stored within " + PATIENCE);
    }
  }

  private void settle(TopicContent content, PrintStream log) {
    assertThat(verdict(content)).isEmpty();
    pipeline.awaitNoLag();
    long letters =
        pipeline.database().number("SELECT count(*) FROM dead_letters WHERE " + OF_TOPIC);
    long guilty =
        pipeline
            .database()
            .number(
                "SELECT count(*) FROM dead_letters WHERE key = convert_to('%s', 'UTF8') AND "
                        .formatted(TopicContent.POISON)
                    + OF_TOPIC);
    say(
        log,
        String.format(
            Locale.ROOT,
            "the end: %,d records, %,d of them dead-lettered; each exactly once, lag 0",
            content.records(),
            letters));
    assertThat(letters).isEqualTo(content.poison());
    assertThat(guilty).isEqualTo(letters);
  }

  // faults

  private List<Application> runningInstances() {
    return instances.stream().filter(Application::isRunning).toList();
  }

  private Application anyRunning() {
    List<Application> running = runningInstances();
    return running.get(random.nextInt(running.size()));
  }

  private String name(Application instance) {
    return "instance " + (instances.indexOf(instance) + 1);
  }

  /** Starts an instance if fewer than a random number of them are running. */
  private String joinOrStay() {
    int wanted = 1 + random.nextInt(instances.size());
    List<Application> idle = instances.stream().filter(instance -> !instance.isRunning()).toList();
    if (runningInstances().size() >= wanted) {
      return "";
    }
    Application joining = idle.get(random.nextInt(idle.size()));
    joining.start();
    return "; started " + name(joining);
  }

  private String killInstance() {
    Application victim = anyRunning();
    victim.kill();
    return "killed " + name(victim);
  }

  private String killEveryInstance() {
    runningInstances().forEach(Application::kill);
    return "killed every instance";
  }

  private String stopInstance() {
    Application leaving = anyRunning();
    leaving.stop();
    return "stopped " + name(leaving);
  }

  /** The instance sometimes hangs for longer than its session lasts, and returns as a zombie. */
  private String hangInstance() throws Exception {
    Application hanging = anyRunning();
    return outage("hung " + name(hanging), hanging::hang, 12_000, hanging::resume);
  }

  private String killBroker() throws Exception {
    return outage("killed the broker", kafka::kill, 4_000, kafka::start);
  }

  private String hangBroker() throws Exception {
    return outage("hung the broker", kafka::pause, 10_000, kafka::resume);
  }

  private String stopDatabaseImmediately() throws Exception {
    return outage(
        "stopped the database immediately", postgres::stopImmediately, 4_000, postgres::start);
  }

  private String killDatabase() throws Exception {
    return outage("killed the database", postgres::kill, 4_000, postgres::start);
  }

  private String hangDatabase() throws Exception {
    return outage("hung the database", postgres::pause, 10_000, postgres::resume);
  }

  private String killEverything() {
    Application victim = anyRunning();
    kafka.kill();
    victim.kill();
    postgres.kill();
    postgres.start();
    kafka.start();
    return "killed the broker, the database and " + name(victim);
  }

  private String sendPoison() {
    int records = 1 + random.nextInt(300);
    traffic.sendPoison(records);
    return "sent %d records of poison in a row".formatted(records);
  }

  private String resetGroup() {
    runningInstances().forEach(Application::stop);
    pipeline.resetGroup();
    return "stopped every instance, and reset the group to the beginning";
  }

  private String putDatabaseBack() {
    double share = 0.5 + random.nextDouble() / 2;
    pipeline.restoreEarlierState(share);
    return String.format(Locale.ROOT, "put the database back by %.0f %%", 100 * (1 - share));
  }

  /** Causes an outage of a random length, and returns its description. */
  private String outage(String what, Runnable begin, int maxMillis, Runnable end)
      throws InterruptedException {
    begin.run();
    int millis = random.nextInt(maxMillis);
    Thread.sleep(millis);
    end.run();
    return String.format(Locale.ROOT, "%s for %.1f s", what, millis / 1000.0);
  }
}
