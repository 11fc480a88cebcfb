package dev.datapipeline.it;

import static org.awaitility.Awaitility.await;

import dev.datapipeline.backends.TcpProxy;
import dev.datapipeline.backends.TcpProxy.Direction;
import dev.datapipeline.backends.TcpProxy.Fault;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Cuts the connections to the database around the commit of a batch. Records must flow. */
final class CommitCut {
  /** As the driver sends it: only once for each connection, later it refers to it by name. */
  private static final String COMMIT = "COMMIT\0";

  private CommitCut() {}

  /** The transaction is rolled back. */
  static void beforeItArrives(TcpProxy database) {
    cut(database, cut -> database.before(COMMIT, cut));
  }

  /** The transaction is committed, but the application is told that the connection is broken. */
  static void beforeItIsConfirmed(TcpProxy database) {
    cut(
        database,
        cut ->
            database.before(
                COMMIT,
                () -> {
                  database.faultOfOpenConnections(Direction.TO_CLIENT, Fault.SWALLOW);
                  database.when(COMMIT, cut);
                }));
  }

  /** Cuts the connections around the first commit of a new one that has copied records. */
  private static void cut(TcpProxy database, Consumer<Runnable> arm) {
    CountDownLatch isCut = new CountDownLatch(1);
    Runnable cut =
        () -> {
          database.cut();
          isCut.countDown();
        };
    await("a commit")
        .atMost(Pipeline.PATIENCE)
        .until(
            () -> {
              database.when("COPY raw_events", () -> arm.accept(cut));
              database.cut();
              return isCut.await(5, TimeUnit.SECONDS);
            });
  }
}
