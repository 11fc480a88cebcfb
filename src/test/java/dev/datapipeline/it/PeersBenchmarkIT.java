package dev.datapipeline.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.datapipeline.backends.Backends;
import dev.datapipeline.backends.PostgresServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * Drains the same topic with this application and with what else one would take for it, one after
 * the other, each from a cold JVM, beside PostgreSQL's own COPY. Run by {@code mvn -Pbench verify
 * -Dbench.peers}; prints a table and writes it to {@code target/peers.txt}. The table of the last
 * published run is kept as {@code src/test/peers/results.txt}, and the table shows the change of
 * each share of COPY against it. The peers are projects in {@code src/test/peers}. Asserts that
 * each has stored everything, and nothing about time.
 */
@EnabledIfSystemProperty(named = "bench.peers", matches = ".*")
class PeersBenchmarkIT {
  private static final int EVENTS = Integer.getInteger("bench.events", 2_000_000);
  private static final int ROUNDS = Integer.getInteger("bench.rounds", 3);
  private static final long PATIENCE_SECONDS = 600;
  private static final Path KEPT = Path.of("src/test/peers/results.txt");

  /** A line of the table: name, rows/s, of COPY. */
  private static final Pattern ROW = Pattern.compile("(.{28}) +[\\d,]+ +(\\d+\\.\\d+) .*");

  /**
   * One drain.
   *
   * @param events how many were stored
   * @param firstRow seconds from the launch to the first row
   * @param seconds from the first row to the last
   * @param cost of the process, from its launch to the last row
   */
  private record Drain(int events, double firstRow, double seconds, ProcessCost cost) {
    double rate() {
      return events / seconds;
    }
  }

  private final Backends backends = TestBackends.get();
  private final PostgresServer postgres = backends.postgres();
  private final Database database = new Database(postgres);
  private final Map<String, List<Drain>> drains = new LinkedHashMap<>();
  private final List<String> report = new ArrayList<>();

  @Test
  void drains() throws Exception {
    List<String> peers = Peer.build();
    for (int round = 1; round <= ROUNDS; round++) {
      String topic = "peers-" + round;
      try (Topic backlog = Topic.compressing(topic, backends.kafka().bootstrapServers(), "lz4")) {
        backlog.create(Peer.PARTITIONS);
        BenchmarkEvents.fill(backlog, EVENTS, BenchmarkEvents::event);
        for (String peer : peers) {
          drain(peer, topic);
          // in each round, after the first drain, which creates the table
          if (peer.equals(peers.get(0))) {
            add("COPY", new Drain(EVENTS, 0, CopyLimit.seconds(postgres), new ProcessCost(0, 0)));
          }
        }
      }
    }
    print(
        "%n%,d events of about 180 bytes, lz4, %d partitions, %d rounds, %d processors, Java %s"
            .formatted(
                EVENTS,
                Peer.PARTITIONS,
                ROUNDS,
                Runtime.getRuntime().availableProcessors(),
                Runtime.version()));
    print(
        "%-28s %10s %8s %8s %8s %9s %10s"
            .formatted("", "rows/s", "of COPY", "change", "CPU s", "peak MiB", "first row"));
    Map<String, Double> kept = kept();
    drains.forEach((name, measured) -> line(name, measured, kept.get(name)));
    Files.write(ServerDirectory.TARGET.resolve("peers.txt"), report);
  }

  private void drain(String peer, String topic) throws Exception {
    try (Peer running = Peer.of(peer, topic, backends)) {
      long launched = System.nanoTime();
      running.start();
      add(running.name, drain(running, EVENTS / running.slowness, launched));
    }
  }

  /**
   * Waits until a table has all rows. Their highest id tells how many there are, and costs little.
   */
  private Drain drain(Peer peer, int events, long launched) throws Exception {
    awaitRows(peer, 1);
    double firstRow = (System.nanoTime() - launched) / 1e9;
    awaitRows(peer, events);
    double seconds = (System.nanoTime() - launched) / 1e9 - firstRow;
    ProcessCost cost = ProcessCost.of(peer.pid());
    // a transaction with lower ids may be committed later
    while (database.number("SELECT count(*) FROM " + peer.table) < events) {
      seconds = (System.nanoTime() - launched) / 1e9 - firstRow;
    }
    if (events == EVENTS) {
      assertThat(peer.unique(database)).isEqualTo(events);
    }
    return new Drain(events, firstRow, seconds, cost);
  }

  /** Asks through one connection: to connect again and again would cost as much as to store. */
  private void awaitRows(Peer peer, long rows) throws Exception {
    long deadline = System.nanoTime() + PATIENCE_SECONDS * 1_000_000_000L;
    try (Connection connection = postgres.connect()) {
      while (highestId(connection, peer.table) < rows) {
        assertThat(peer.isAlive()).as("%s; see %s", peer.name, Peer.DIRECTORY).isTrue();
        assertThat(System.nanoTime())
            .as("%s; see %s", peer.name, Peer.DIRECTORY)
            .isLessThan(deadline);
        Thread.sleep(20);
      }
    }
  }

  private static long highestId(Connection connection, String table) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SELECT coalesce(max(id), 0) FROM " + table)) {
      row.next();
      return row.getLong(1);
    } catch (SQLException e) {
      if ("42P01".equals(e.getSQLState())) {
        // the application creates its table
        return 0;
      }
      throw e;
    }
  }

  private void add(String name, Drain drain) {
    drains.computeIfAbsent(name, any -> new ArrayList<>()).add(drain);
    print(String.format(Locale.ROOT, "  %s: %.2f s", name, drain.seconds()));
  }

  private void print(String line) {
    System.out.println(line);
    report.add(line);
  }

  /** Returns the shares of COPY in the kept table by the names of its lines. */
  private static Map<String, Double> kept() throws IOException {
    Map<String, Double> shares = new HashMap<>();
    if (Files.exists(KEPT)) {
      for (String line : Files.readAllLines(KEPT)) {
        Matcher row = ROW.matcher(line);
        if (row.matches()) {
          shares.put(row.group(1).strip(), Double.valueOf(row.group(2)));
        }
      }
    }
    return shares;
  }

  private void line(String name, List<Drain> measured, Double kept) {
    double rate = Sample.median(measured.stream().mapToDouble(Drain::rate));
    double share = rate / Sample.median(drains.get("COPY").stream().mapToDouble(Drain::rate));
    print(
        String.format(
            Locale.ROOT,
            "%-28s %,10.0f %8.2f %8s %8.1f %9d %8.1f s",
            name,
            rate,
            share,
            kept == null ? "" : String.format(Locale.ROOT, "%+.0f %%", 100 * (share / kept - 1)),
            Sample.median(measured.stream().mapToDouble(drain -> drain.cost().cpuSeconds())),
            measured.stream().mapToLong(drain -> drain.cost().peakKib()).max().orElseThrow() / 1024,
            Sample.median(measured.stream().mapToDouble(Drain::firstRow))));
  }
}
