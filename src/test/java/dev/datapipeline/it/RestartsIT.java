package dev.datapipeline.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
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
