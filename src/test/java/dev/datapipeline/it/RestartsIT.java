package dev.datapipeline.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The application is killed, stopped, joined by others, and finds things changed when it starts.
 */
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
  void killedAgainAndAgainItLosesAndDoublesNothing() throws Throwable {
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
  void aGracefulStopInMidStreamLosesAndDoublesNothing() throws Throwable {
    pipeline.whileRecordsFlow(
        () -> {
          pipeline.awaitProgress(500);
          pipeline.instance().stop();
          pipeline.instance().start();
          pipeline.awaitProgress(500);
        });

    pipeline.assertEverythingStoredExactlyOnce();
  }

  @Test
  void instancesThatJoinAndLeaveLoseAndDoubleNothing() throws Throwable {
    Application second = pipeline.instance("2");
    Application third = pipeline.instance("3");
    pipeline.whileRecordsFlow(
        () -> {
          second.start();
          Pipeline.awaitReady(second);
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

  /** Longer than the session: its partitions go to another, and then it goes on writing. */
  @Test
  void anInstanceThatHangsAndComesBackDoublesNothing() throws Throwable {
    Application second = pipeline.instance("2");
    second.start();
    Pipeline.awaitReady(second);
    try {
      pipeline.whileRecordsFlow(
          () -> {
            pipeline.awaitProgress(500);
            signal("STOP", second.pid());
            try {
              await("expelled").atMost(Pipeline.PATIENCE).until(() -> members() == 1);
              pipeline.awaitProgress(500);
            } finally {
              signal("CONT", second.pid());
            }
            await("back").atMost(Pipeline.PATIENCE).until(() -> members() == 2);
            pipeline.awaitProgress(500);
          });
    } finally {
      second.stop();
    }

    pipeline.assertEverythingStoredExactlyOnce();
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

  private static void signal(String name, long pid) throws Exception {
    new ProcessBuilder("kill", "-s", name, Long.toString(pid)).start().waitFor();
  }

  @Test
  void aGroupThatIsResetToTheBeginningDoublesNothing() {
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
  void aGroupThatIsDeletedDoublesNothing() {
    pipeline.send(500);
    pipeline.assertEverythingStoredExactlyOnce();

    pipeline.instance().stop();
    pipeline.deleteGroup();
    pipeline.running();
    pipeline.send(10);

    pipeline.assertEverythingStoredExactlyOnce();
    pipeline.awaitNoLag();
  }

  /** Nothing is sent afterwards: the start itself has to notice. */
  @Test
  void aDatabaseThatWasPutBackWhileItWasStoppedIsCaughtUpAtTheStart() {
    pipeline.send(600);
    pipeline.assertEverythingStoredExactlyOnce();
    pipeline.awaitNoLag();

    pipeline.instance().stop();
    pipeline.putDatabaseBack(0.5);
    pipeline.running();

    pipeline.assertEverythingStoredExactlyOnce();
    pipeline.awaitNoLag();
  }

  @Test
  void aTopicThatWasCreatedAgainWhileItWasStoppedIsANewOne() {
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
