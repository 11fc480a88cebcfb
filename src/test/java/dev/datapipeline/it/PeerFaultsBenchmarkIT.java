package dev.datapipeline.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.datapipeline.backends.Backends;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.GroupListing;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * Counts what this application and its peers lose, store twice, or are stuck at, when a record is
 * bad, the process is killed, or the database is away for a while. Run by {@code mvn -Pbench verify
 * -Dbench.peers}; prints a table and writes it to {@code target/peer-faults.txt}. Asserts that this
 * application does none of that.
 */
@EnabledIfSystemProperty(named = "bench.peers", matches = ".*")
class PeerFaultsBenchmarkIT {
  private static final int EVENTS = Integer.getInteger("bench.fault.events", 1_000_000);

  /** A peer that has stored nothing for so long, and not everything, is stuck. */
  private static final long STUCK_SECONDS = 60;

  private static final int DATABASE_AWAY_SECONDS = 10;

  private enum Fault {
    NONE("no fault"),
    BAD_RECORD("one bad record"),
    KILL("killed"),
    DATABASE("database stopped for %d s".formatted(DATABASE_AWAY_SECONDS));

    private final String text;

    Fault(String text) {
      this.text = text;
    }
  }

  private final Backends backends = TestBackends.get();
  private final Database database = new Database(backends.postgres());
  private final List<String> report = new ArrayList<>();

  @Test
  void faults() throws Exception {
    List<String> peers = Peer.build();
    print(
        "%,d events, %d partitions; stuck: nothing stored for %d s"
            .formatted(EVENTS, Peer.PARTITIONS, STUCK_SECONDS));
    print(
        "%-32s %-24s %9s %9s %9s %9s".formatted("fault", "", "events", "lost", "stuck", "doubled"));
    for (Fault fault : Fault.values()) {
      for (String peer : peers) {
        String topic = "faults-%s-%s".formatted(fault.name().toLowerCase(Locale.ROOT), peer);
        try (Topic backlog = new Topic(topic, backends.kafka().bootstrapServers());
            Peer running = Peer.of(peer, topic, backends)) {
          backlog.create(Peer.PARTITIONS);
          fill(backlog, EVENTS / running.slowness, fault);
          running.start();
          inject(fault, running);
          settle(running);
          tell(fault, running, topic);
        }
      }
    }
    Files.write(ServerDirectory.TARGET.resolve("peer-faults.txt"), report);
  }

  private static void fill(Topic topic, int events, Fault fault) {
    Random random = new Random(1);
    for (int i = 0; i < events; i++) {
      String event = BenchmarkEvents.event(random, i);
      topic.offer(
          fault == Fault.BAD_RECORD && i == events / 2 ? event.replace("\"n\":", "\"n\",") : event);
    }
    topic.flush();
  }

  /** Waits for the first rows, so that a fault comes in the middle. */
  private void inject(Fault fault, Peer peer) throws Exception {
    await(peer.name)
        .atMost(Pipeline.PATIENCE)
        .pollInterval(Duration.ofMillis(10))
        .ignoreExceptions()
        .until(() -> database.number("SELECT max(id) FROM " + peer.table) > 0);
    if (fault == Fault.KILL) {
      peer.kill();
      peer.start();
    } else if (fault == Fault.DATABASE) {
      backends.postgres().stopImmediately();
      Thread.sleep(DATABASE_AWAY_SECONDS * 1_000L);
      backends.postgres().start();
    }
  }

  /** Waits until everything is stored, or nothing more comes. */
  private void settle(Peer peer) throws InterruptedException {
    long before = -1;
    for (long quiet = 0; quiet < STUCK_SECONDS; quiet++) {
      long stored = stored(peer);
      if (stored != before) {
        quiet = 0;
      } else if (quiet >= 5 && handled(peer) >= EVENTS / peer.slowness) {
        return;
      }
      before = stored;
      Thread.sleep(1_000);
    }
  }

  private long stored(Peer peer) {
    return database.number("SELECT count(*) FROM " + peer.table);
  }

  /** Returns how many records were stored, dead letters included, each counted once. */
  private long handled(Peer peer) {
    return peer.unique(database)
        + (isOwn(peer) ? database.number("SELECT count(*) FROM dead_letters") : 0);
  }

  private static boolean isOwn(Peer peer) {
    return peer.table.equals("raw_events");
  }

  private void tell(Fault fault, Peer peer, String topic) throws Exception {
    int events = EVENTS / peer.slowness;
    long missing = events - handled(peer);
    long doubled = stored(peer) - peer.unique(database);
    long unread = missing == 0 ? 0 : Math.min(missing, events - passed(peer, topic));
    print(
        "%-32s %-24s %,9d %,9d %,9d %,9d"
            .formatted(fault.text, peer.name, events, missing - unread, unread, doubled));
    if (isOwn(peer)) {
      assertThat(List.of(missing, doubled)).containsExactly(0L, 0L);
    }
  }

  /** Returns how many of the topic's records a peer would not read again. */
  private long passed(Peer peer, String topic) throws Exception {
    if (isOwn(peer)) {
      return database.number("SELECT sum(next_offset) FROM topic_partitions");
    }
    try (Admin admin =
        Admin.create(Map.of("bootstrap.servers", backends.kafka().bootstrapServers()))) {
      long passed = 0;
      for (GroupListing group : admin.listGroups().all().get()) {
        for (var position :
            admin
                .listConsumerGroupOffsets(group.groupId())
                .partitionsToOffsetAndMetadata()
                .get()
                .entrySet()) {
          if (position.getKey().topic().equals(topic) && position.getValue() != null) {
            passed += position.getValue().offset();
          }
        }
      }
      return passed;
    }
  }

  private void print(String line) {
    System.out.println(line);
    report.add(line);
  }
}
