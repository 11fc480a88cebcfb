package dev.datapipeline.it;

import static org.awaitility.Awaitility.await;

import dev.datapipeline.backends.KafkaBroker;
import dev.datapipeline.backends.KafkaCluster;
import dev.datapipeline.backends.PostgresServer;
import dev.datapipeline.backends.TcpProxy;
import dev.datapipeline.backends.TcpProxy.Direction;
import dev.datapipeline.backends.TcpProxy.Fault;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import org.apache.kafka.common.TopicPartition;

/** The faults that a round of {@link ChaosIT} chooses from. */
final class ChaosFaults {
  /** A fault. Returns its description. */
  interface Action {
    String happen() throws Exception;
  }

  private static final int MAX_PARTITIONS = 8;

  private final Chaos chaos;
  private final Random random;
  private final Pipeline pipeline;
  private final PostgresServer postgres;
  private final KafkaCluster cluster;
  private final Map<String, Action> all;

  ChaosFaults(Chaos chaos, Random random) {
    this.chaos = chaos;
    this.random = random;
    pipeline = chaos.pipeline();
    postgres = chaos.postgres();
    cluster = chaos.cluster();
    all = faults();
  }

  /** Returns the faults by name. */
  Map<String, Action> all() {
    return all;
  }

  private Map<String, Action> faults() {
    Map<String, Action> faults = new LinkedHashMap<>();
    faults.put("an instance is killed", this::killInstance);
    faults.put("every instance is killed", this::killEveryInstance);
    faults.put("an instance is stopped", this::stopInstance);
    faults.put("an instance hangs", this::hangInstance);
    faults.put("an instance hangs within a COPY", this::hangWithinCopy);
    faults.put("a leader is killed", this::killLeader);
    faults.put("every broker is killed", this::killEveryBroker);
    faults.put("a broker hangs", this::hangBroker);
    faults.put("the brokers are restarted one by one", this::restartBrokers);
    faults.put("the database stops at once", this::stopDatabaseImmediately);
    faults.put("the database is killed", this::killDatabase);
    faults.put("the database hangs", this::hangDatabase);
    faults.put("the database ends all sessions", this::endSessions);
    faults.put("the database is read-only", this::makeReadOnly);
    faults.put("a table is missing", this::hideTable);
    faults.put("a sequence is behind its table", this::setSequenceBack);
    faults.put("brokers, database and an instance are killed", this::killEverything);
    faults.put("connections are cut", this::cutLinks);
    faults.put("the network is slow", this::slowLinks);
    faults.put("connections to the database go silent", this::silenceDatabase);
    faults.put("connections to the brokers go silent", this::silenceBrokers);
    faults.put("a connection is cut before a COMMIT arrives", this::cutBeforeCommit);
    faults.put("a connection is cut before a COMMIT is confirmed", this::cutAfterCommit);
    faults.put("poison", this::sendPoison);
    faults.put("records that are too large", this::sendTooLarge);
    faults.put("large headers", this::sendLargeHeaders);
    faults.put("a transaction is left open", this::abandonTransaction);
    faults.put("a partition is added", this::addPartition);
    if (cluster.ids().size() > 1) {
      faults.put("leaders move", this::moveLeaders);
    }
    faults.putAll(new ChaosLogFaults(this, chaos, random).all());
    return faults;
  }

  List<Application> running() {
    return chaos.instances().stream().filter(Application::isRunning).toList();
  }

  private Application anyRunning() {
    return any(running());
  }

  /** Returns one that has been started for long enough to store records, if there is one. */
  private Application anyStoring() {
    List<Application> open = running().stream().filter(Application::isOpen).toList();
    return open.isEmpty() ? anyRunning() : any(open);
  }

  <T> T any(List<T> list) {
    return list.get(random.nextInt(list.size()));
  }

  private String name(Application instance) {
    return "instance " + (chaos.instances().indexOf(instance) + 1);
  }

  /** Starts an instance if fewer than a random number of them are running; often it is all. */
  String joinOrStay() {
    int wanted = 1 + Math.max(random.nextInt(Chaos.INSTANCES), random.nextInt(Chaos.INSTANCES));
    if (running().size() >= wanted) {
      return "";
    }
    Application joining =
        any(chaos.instances().stream().filter(instance -> !instance.isRunning()).toList());
    joining.start();
    return "; started " + name(joining);
  }

  /** Causes an outage of a random length, mostly a short one, and returns its description. */
  private String outage(String what, Runnable begin, int maxMillis, Runnable end)
      throws InterruptedException {
    begin.run();
    int millis = (int) (maxMillis * Math.pow(random.nextDouble(), 2));
    Thread.sleep(millis);
    end.run();
    return String.format(Locale.ROOT, "%s for %.1f s", what, millis / 1000.0);
  }

  // instances

  private String killInstance() {
    Application victim = anyRunning();
    victim.kill();
    return "killed " + name(victim);
  }

  private String killEveryInstance() {
    running().forEach(Application::kill);
    return "killed every instance";
  }

  private String stopInstance() {
    Application leaving = anyStoring();
    leaving.stop();
    return "stopped " + name(leaving);
  }

  /** Liberty takes half a minute to stop while it starts; those instances are killed. */
  void stopEveryInstance() {
    running()
        .forEach(
            instance -> {
              if (instance.isOpen()) {
                instance.stop();
              } else {
                instance.kill();
              }
            });
  }

  /** The instance sometimes hangs for longer than its session lasts, and returns as a zombie. */
  private String hangInstance() throws Exception {
    Application hanging = anyStoring();
    return outage("hung " + name(hanging), hanging::hang, 12_000, hanging::resume);
  }

  /** PostgreSQL waits for the rest of the COPY, and holds the positions of its partitions. */
  private String hangWithinCopy() throws Exception {
    Application hanging = anyStoring();
    TcpProxy link = chaos.databaseLink(hanging);
    CountDownLatch hangs = new CountDownLatch(1);
    link.when(
        "COPY raw_events",
        () -> {
          link.faultOfOpenConnections(Direction.TO_SERVER, Fault.SWALLOW);
          hanging.hang();
          hangs.countDown();
        });
    await("a COPY").atMost(Pipeline.PATIENCE).until(() -> hangs.getCount() == 0);
    return outage(
        "hung %s within a COPY".formatted(name(hanging)), () -> {}, 12_000, hanging::resume);
  }

  // brokers

  TopicPartition anyPartition() {
    return new TopicPartition(Chaos.TOPIC, random.nextInt(pipeline.partitions()));
  }

  int anyBroker() {
    return any(List.copyOf(cluster.ids()));
  }

  private String killLeader() throws Exception {
    TopicPartition partition = anyPartition();
    int leader = cluster.leader(partition);
    KafkaBroker broker = cluster.broker(Math.max(1, leader));
    return outage(
        "killed broker %d, the leader of %s".formatted(leader, partition),
        broker::kill,
        8_000,
        broker::start);
  }

  private String killEveryBroker() throws Exception {
    return outage("killed every broker", cluster::kill, 4_000, cluster::start);
  }

  private String hangBroker() throws Exception {
    int id = anyBroker();
    KafkaBroker broker = cluster.broker(id);
    return outage("hung broker %d".formatted(id), broker::pause, 10_000, broker::resume);
  }

  private String moveLeaders() {
    cluster.awaitInSync(Chaos.TOPIC);
    TopicPartition one = anyPartition();
    TopicPartition other = anyPartition();
    cluster.lead(one, anyBroker());
    cluster.lead(other, anyBroker());
    return "moved the leaders of %s and %s".formatted(one, other);
  }

  private String restartBrokers() {
    for (int id : cluster.ids()) {
      cluster.awaitInSync(Chaos.TOPIC);
      cluster.broker(id).stop();
      cluster.broker(id).start();
    }
    return "restarted every broker";
  }

  // the database

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

  private String endSessions() {
    pipeline.database().execute(END_SESSIONS.formatted("usename = current_user"));
    return "ended every session of the database";
  }

  private static final String END_SESSIONS =
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND %s";

  /** As if the connections led to a standby that becomes the primary later. */
  private String makeReadOnly() throws Exception {
    asSuperuser("ALTER DATABASE %s SET default_transaction_read_only = on");
    asSuperuser(END_SESSIONS.formatted("datname = '%s'"));
    return outage(
        "made the database read-only",
        () -> {},
        4_000,
        () -> asSuperuser("ALTER DATABASE %s RESET default_transaction_read_only"));
  }

  private void asSuperuser(String sql) {
    try (Connection connection = postgres.connectAsSuperuser();
        Statement statement = connection.createStatement()) {
      statement.execute("SET default_transaction_read_only = off");
      statement.execute(sql.formatted(postgres.database()));
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private String hideTable() throws Exception {
    String table = any(List.of("raw_events", "dead_letters", "topic_partitions", "absent_offsets"));
    return outage(
        "hid the table " + table,
        () -> pipeline.database().execute("ALTER TABLE %s RENAME TO away".formatted(table)),
        4_000,
        () -> pipeline.database().execute("ALTER TABLE away RENAME TO " + table));
  }

  private String setSequenceBack() {
    String table = any(List.of("raw_events", "dead_letters"));
    pipeline
        .database()
        .execute(
            "SELECT setval(pg_get_serial_sequence('%1$s', 'id'), min(id), false) FROM %1$s"
                .formatted(table));
    return "set the sequence of %s back".formatted(table);
  }

  private String killEverything() {
    Application victim = anyRunning();
    cluster.kill();
    victim.kill();
    postgres.kill();
    postgres.start();
    cluster.start();
    return "killed every broker, the database and " + name(victim);
  }

  // the network

  private String cutLinks() throws Exception {
    int times = 1 + random.nextInt(5);
    for (int i = 0; i < times; i++) {
      chaos.brokerLinks().forEach(TcpProxy::cut);
      running().forEach(instance -> chaos.databaseLink(instance).cut());
      Thread.sleep(random.nextInt(500));
    }
    return "cut every connection %d times".formatted(times);
  }

  private void links(Consumer<TcpProxy> fault) {
    chaos.brokerLinks().forEach(fault);
    chaos.instances().forEach(instance -> fault.accept(chaos.databaseLink(instance)));
  }

  private String slowLinks() throws Exception {
    return outage(
        "delayed the network",
        () -> links(link -> link.delay(Duration.ofMillis(10 + random.nextInt(40)))),
        6_000,
        () -> links(TcpProxy::repair));
  }

  private String silenceDatabase() throws Exception {
    Application victim = anyStoring();
    return silence(List.of(chaos.databaseLink(victim)), name(victim) + " from the database");
  }

  private String silenceBrokers() throws Exception {
    return silence(chaos.brokerLinks(), "every instance from the brokers");
  }

  /** The open connections are lost without a notice; new ones work, sometimes only later. */
  private String silence(Collection<TcpProxy> links, String whom) throws Exception {
    return switch (random.nextInt(4)) {
      case 0 -> {
        links.forEach(TcpProxy::halfOpen);
        yield "left half-open connections: " + whom;
      }
      case 1 -> {
        links.forEach(link -> link.faultOfOpenConnections(Direction.TO_SERVER, Fault.SWALLOW));
        yield "swallowed all requests of open connections: " + whom;
      }
      case 2 -> {
        links.forEach(link -> link.faultOfOpenConnections(Direction.TO_CLIENT, Fault.SWALLOW));
        yield "swallowed all answers of open connections: " + whom;
      }
      default ->
          outage(
              "swallowed everything: " + whom,
              () ->
                  links.forEach(
                      link -> {
                        link.fault(Direction.TO_CLIENT, Fault.SWALLOW);
                        link.fault(Direction.TO_SERVER, Fault.SWALLOW);
                      }),
              8_000,
              () -> links.forEach(TcpProxy::repair));
    };
  }

  private String cutBeforeCommit() {
    Application victim = anyStoring();
    CommitCut.beforeItArrives(chaos.databaseLink(victim));
    return "cut a connection of %s before a COMMIT arrived".formatted(name(victim));
  }

  private String cutAfterCommit() {
    Application victim = anyStoring();
    CommitCut.beforeItIsConfirmed(chaos.databaseLink(victim));
    return "cut a connection of %s before a COMMIT was confirmed".formatted(name(victim));
  }

  // records

  private String sendPoison() {
    int records = 1 + random.nextInt(300);
    chaos.traffic().sendPoison(records);
    return "sent %d records of poison in a row".formatted(records);
  }

  private String sendTooLarge() {
    int records = 1 + random.nextInt(8);
    chaos.traffic().sendTooLarge(records);
    return "sent %d records that are too large".formatted(records);
  }

  private String sendLargeHeaders() {
    int records = 1 + random.nextInt(150);
    chaos.traffic().sendLargeHeaders(records);
    return "sent %d records with large headers".formatted(records);
  }

  private String abandonTransaction() {
    Duration timeout = Duration.ofMillis(1_000 + random.nextInt(3_000));
    chaos.traffic().abandonTransaction(timeout);
    return "left a transaction open for " + timeout;
  }

  private String addPartition() {
    return pipeline.partitions() < MAX_PARTITIONS
        ? "added partition " + pipeline.addPartition()
        : "added no partition to the %d".formatted(MAX_PARTITIONS);
  }
}
