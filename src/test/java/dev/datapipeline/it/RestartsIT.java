package dev.datapipeline.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.datapipeline.backends.PostgresServer;
import dev.datapipeline.backends.TcpProxy;
import dev.datapipeline.backends.TcpProxy.Direction;
import dev.datapipeline.backends.TcpProxy.Fault;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The application is killed and stopped, and finds changes when it starts again. */
class RestartsIT {
  private static Pipeline pipeline;

  @BeforeAll
  static void start() {
    pipeline = new Pipeline("restarts", 3);
  }

  @AfterAll
  static void close() {
    pipeline.close();
  }

  @BeforeEach
  void isRunning() {
    pipeline.running();
  }

  @Test
  @Tag("long")
  void repeatedKillsLoseAndDuplicateNothing() throws Throwable {
    pipeline.whileRecordsFlow(
        () -> {
          for (int i = 0; i < 3; i++) {
            pipeline.awaitProgress(500);
            pipeline.instance().kill();
            pipeline.instance().start();
          }
          pipeline.awaitProgress(500);
        });

    pipeline.assertEverythingStoredExactlyOnce();
  }

  @Test
  void aGracefulStopInMidStreamLosesAndDuplicatesNothing() throws Throwable {
    pipeline.whileRecordsFlow(
        () -> {
          pipeline.awaitProgress(500);
          pipeline.instance().stop();
          pipeline.instance().start();
          pipeline.awaitProgress(500);
        });

    pipeline.assertEverythingStoredExactlyOnce();
  }

  /**
   * One of the instances hangs for longer than its session lasts: its partitions go to another
   * instance, and then it continues to write.
   */
  @Test
  @Tag("long")
  void instancesThatJoinHangAndLeaveLoseAndDuplicateNothing() throws Throwable {
    Application second = pipeline.instance("2");
    Application third = pipeline.instance("3");
    pipeline.whileRecordsFlow(
        () -> {
          second.start();
          Pipeline.awaitReady(second);
          pipeline.awaitProgress(500);

          second.hang();
          try {
            await("expelled").atMost(Pipeline.PATIENCE).until(() -> members() == 1);
            pipeline.awaitProgress(500);
          } finally {
            second.resume();
          }
          await("back").atMost(Pipeline.PATIENCE).until(() -> members() == 2);
          pipeline.awaitProgress(500);

          third.start();
          Pipeline.awaitReady(third);
          pipeline.awaitProgress(500);
          second.stop();
          pipeline.awaitProgress(500);
          third.kill();
          pipeline.awaitProgress(500);
        });

    pipeline.assertEverythingStoredExactlyOnce();
    pipeline.awaitNoLag();
  }

  /** PostgreSQL would wait for the data of a COPY for as long as the connection exists. */
  @Test
  @Tag("long")
  void anInstanceThatHangsWithinACopyDoesNotHoldItsPartitions() throws Throwable {
    PostgresServer postgres = pipeline.backends().postgres();
    try (TcpProxy proxy = new TcpProxy(postgres.host(), postgres.port())) {
      Application hanging = instanceBehind(proxy, "4");
      pipeline.whileRecordsFlow(
          () -> {
            hanging.start();
            Pipeline.awaitReady(hanging);
            await("joined").atMost(Pipeline.PATIENCE).until(() -> members() == 2);
            proxy.when(
                "COPY raw_events",
                () -> {
                  proxy.fault(Direction.TO_SERVER, Fault.SWALLOW);
                  hanging.hang();
                });
            try {
              await("a COPY that waits for its data")
                  .atMost(Pipeline.PATIENCE)
                  .until(RestartsIT::isWaitingForACopy);
              long since = System.nanoTime();
              Map<Integer, Long> ends = pipeline.endOffsets();
              await("all partitions")
                  .atMost(Pipeline.PATIENCE)
                  .until(() -> new Ledger(pipeline.database(), pipeline.name()).isComplete(ends));
              System.out.printf(
                  "all partitions moved on %.1f s after an instance hung within a COPY%n",
                  (System.nanoTime() - since) / 1e9);
            } finally {
              hanging.kill();
            }
          });
    }

    pipeline.assertEverythingStoredExactlyOnce();
    pipeline.awaitNoLag();
  }

  private static boolean isWaitingForACopy() {
    return pipeline
            .database()
            .number(
                "SELECT count(*) FROM pg_stat_activity a JOIN pg_stat_progress_copy c USING (pid)"
                    + " WHERE a.wait_event = 'ClientRead'"
                    + " AND a.query_start < now() - interval '1 s'")
        > 0;
  }

  /** The connection accepts no byte, so no timeout of a read ends it. */
  @Test
  @Tag("long")
  void aConnectionThatAcceptsNothingIsGivenUp() {
    PostgresServer postgres = pipeline.backends().postgres();
    pipeline.instance().stop();
    try (TcpProxy proxy = new TcpProxy(postgres.host(), postgres.port())) {
      Application cutOff = instanceBehind(proxy, "5");
      cutOff.start();
      try {
        Pipeline.awaitReady(cutOff);
        proxy.when(
            "COPY raw_events",
            () -> proxy.faultOfOpenConnections(Direction.TO_SERVER, Fault.STALL));
        byte[] document = ("\"" + "x".repeat(900_000) + "\"").getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < 60; i++) {
          pipeline.producer().send(new ProducerRecord<>(pipeline.name(), document));
        }
        pipeline.producer().flush();
        pipeline.assertEverythingStoredExactlyOnce();
      } finally {
        cutOff.kill();
      }
    }
  }

  private static Application instanceBehind(TcpProxy proxy, String suffix) {
    pipeline.with("DB_PORT", Integer.toString(proxy.port()));
    try {
      return pipeline.instance(suffix);
    } finally {
      pipeline.with("DB_PORT", Integer.toString(pipeline.backends().postgres().port()));
    }
  }

  private static int members() {
    return Pipeline.get(
            pipeline
                .admin()
                .describeConsumerGroups(List.of(pipeline.name()))
                .describedGroups()
                .get(pipeline.name()))
        .members()
        .size();
  }

  @Test
  void aGroupResetToTheBeginningDuplicatesNothing() {
    pipeline.send(500);
    pipeline.assertEverythingStoredExactlyOnce();

    pipeline.instance().stop();
    pipeline.resetGroup();
    pipeline.running();
    pipeline.send(10);

    pipeline.assertEverythingStoredExactlyOnce();
    pipeline.awaitNoLag();
  }

  @Test
  void aDeletedGroupDuplicatesNothing() {
    pipeline.send(500);
    pipeline.assertEverythingStoredExactlyOnce();

    pipeline.instance().stop();
    pipeline.deleteGroup();
    pipeline.running();
    pipeline.send(10);

    pipeline.assertEverythingStoredExactlyOnce();
    pipeline.awaitNoLag();
  }

  /** No record is sent afterwards, so the start itself has to notice. */
  @Test
  void aDatabaseRestoredFromABackupWhileStoppedIsCaughtUpAtTheStart() {
    pipeline.send(600);
    pipeline.assertEverythingStoredExactlyOnce();
    pipeline.awaitNoLag();

    pipeline.instance().stop();
    pipeline.restoreEarlierState(0.5);
    pipeline.running();

    pipeline.assertEverythingStoredExactlyOnce();
    pipeline.awaitNoLag();
  }

  @Test
  void aTopicRecreatedWhileStoppedIsStoredFromItsBeginning() {
    pipeline.send(600);
    pipeline.assertEverythingStoredExactlyOnce();
    try (TopicContent former = pipeline.content()) {
      pipeline.instance().stop();
      pipeline.deleteTopic();
      pipeline.createTopic();
      pipeline.send(300);
      pipeline.running();

      pipeline.assertEverythingStoredExactlyOnce();
      assertThat(former.faults()).isEmpty();
      pipeline.awaitNoLag();
    }
  }
}
