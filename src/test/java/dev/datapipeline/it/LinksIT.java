package dev.datapipeline.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.datapipeline.backends.PostgresServer;
import dev.datapipeline.backends.TcpProxy;
import dev.datapipeline.backends.TcpProxy.Direction;
import dev.datapipeline.backends.TcpProxy.Fault;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/**
 * The network misbehaves while records flow: for one application between it and the database, and
 * at the same time for another one between it and the broker, with its consumer and its producer.
 */
class LinksIT {
  /** Within this time readiness reports an outage, on a busy machine too. */
  private static final Duration HEALTH_FOLLOWS = Duration.ofSeconds(60);

  private static TcpProxy database;
  private static TcpProxy broker;
  private static Pipeline behindDatabase;
  private static Pipeline behindBroker;

  @BeforeAll
  static void start() {
    PostgresServer postgres = TestBackends.get().postgres();
    database = new TcpProxy(postgres.host(), postgres.port());
    broker = TestBackends.brokerProxy();
    behindDatabase =
        new Pipeline("links-database", 3).with("DB_PORT", Integer.toString(database.port()));
    behindBroker =
        new Pipeline("links-broker", 3)
            .with("KAFKA_BOOTSTRAP_SERVERS", "localhost:" + broker.port())
            .with("PRODUCER_ENABLED", "true")
            .with("PRODUCER_INTERVAL", "PT0.05S");
    behindDatabase.instance().start();
    behindBroker.instance().start();
  }

  @AfterAll
  static void close() {
    behindDatabase.close();
    behindBroker.close();
    database.close();
  }

  @BeforeEach
  void isRunning() {
    both(Pipeline::running);
  }

  private static void both(Consumer<Pipeline> task) {
    List.of(behindDatabase, behindBroker).forEach(task);
  }

  private static void links(Consumer<TcpProxy> fault) {
    List.of(database, broker).forEach(fault);
  }

  private static void progress() {
    both(pipeline -> pipeline.awaitProgress(300));
  }

  private static void awaitDown() {
    both(
        pipeline ->
            await(pipeline.name() + " is DOWN")
                .atMost(HEALTH_FOLLOWS)
                .until(pipeline.instance().health()::ready, "DOWN"::equals));
  }

  /** Every record is stored exactly once, and both applications recover by themselves. */
  private static void whileRecordsFlow(Executable what) throws Throwable {
    behindDatabase.whileRecordsFlow(
        () ->
            behindBroker.whileRecordsFlow(
                () -> {
                  progress();
                  try {
                    what.execute();
                  } finally {
                    links(TcpProxy::repair);
                  }
                  both(Pipeline::running);
                  progress();
                }));
    double sent =
        Metrics.of(behindBroker.instance()).sum("datapipeline_producer_events_sent_total");
    both(Pipeline::assertEverythingStoredExactlyOnce);
    assertThat(
            (double)
                behindBroker
                    .database()
                    .number(
                        Database.ofTopic(
                            "SELECT count(*) FROM own WHERE payload->>'sensor' IS NOT NULL"),
                        behindBroker.name()))
        .as("events that count as sent")
        .isGreaterThanOrEqualTo(sent);
  }

  @Test
  void everythingIsStoredThroughASlowNetwork() throws Throwable {
    whileRecordsFlow(
        () -> {
          links(proxy -> proxy.delay(Duration.ofMillis(20)));
          progress();
          both(Pipeline::running);
        });
  }

  @Test
  void connectionsThatAreCutAreOpenedAgain() throws Throwable {
    whileRecordsFlow(
        () -> {
          for (int i = 0; i < 5; i++) {
            links(TcpProxy::cut);
            progress();
          }
        });
  }

  /** Only the server knows that they are closed, as after its machine has lost its power. */
  @Test
  @Tag("long")
  void halfOpenConnectionsAreGivenUp() throws Throwable {
    whileRecordsFlow(
        () -> {
          links(TcpProxy::halfOpen);
          awaitDown();
        });
  }

  @Test
  @Tag("long")
  void requestsThatVanishAreSentAgain() throws Throwable {
    whileRecordsFlow(
        () -> {
          links(proxy -> proxy.fault(Direction.TO_SERVER, Fault.SWALLOW));
          awaitDown();
        });
  }

  @Test
  @Tag("long")
  void answersThatVanishAreAskedForAgain() throws Throwable {
    whileRecordsFlow(
        () -> {
          links(proxy -> proxy.fault(Direction.TO_CLIENT, Fault.SWALLOW));
          awaitDown();
        });
  }

  /** Kafka's client waits for this answer for longer than {@code max.poll.interval.ms}. */
  @Test
  @Tag("long")
  void aMemberThatHearsNothingWhileItJoinsTheGroupJoinsAgain() throws Throwable {
    behindBroker.instance().stop();
    broker.before(
        "cooperative-sticky",
        () -> broker.faultOfOpenConnections(Direction.TO_CLIENT, Fault.SWALLOW));

    behindBroker.whileRecordsFlow(
        () -> {
          behindBroker.running();
          behindBroker.awaitProgress(300);
        });

    behindBroker.assertEverythingStoredExactlyOnce();
  }

  /** The transaction is rolled back. */
  @Test
  void aBatchWhoseCommitDoesNotArriveIsStoredAgain() throws Throwable {
    double retries = retries();
    behindDatabase.whileRecordsFlow(
        () -> {
          behindDatabase.awaitProgress(300);
          CommitCut.beforeItArrives(database);
          behindDatabase.awaitProgress(300);
        });

    behindDatabase.assertEverythingStoredExactlyOnce();
    assertThat(retries()).isGreaterThan(retries);
  }

  /** The transaction is committed, but the application is told that the connection is broken. */
  @Test
  void aBatchWhoseCommitIsNotConfirmedIsStoredOnce() throws Throwable {
    double skipped = skipped();
    behindDatabase.whileRecordsFlow(
        () -> {
          behindDatabase.awaitProgress(300);
          CommitCut.beforeItIsConfirmed(database);
          await("the batch is found stored")
              .atMost(Pipeline.PATIENCE)
              .until(() -> skipped() > skipped);
          behindDatabase.awaitProgress(300);
        });

    behindDatabase.assertEverythingStoredExactlyOnce();
  }

  private static double retries() throws IOException {
    return Metrics.of(behindDatabase.instance()).sum("datapipeline_batch_retries_total");
  }

  private static double skipped() throws IOException {
    return Metrics.of(behindDatabase.instance()).sum("datapipeline_records_skipped_total");
  }
}
