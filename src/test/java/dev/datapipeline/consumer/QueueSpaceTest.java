package dev.datapipeline.consumer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class QueueSpaceTest {
  private final QueueSpace space = new QueueSpace(100);

  @Test
  void thereIsSpaceBelowTheBound() throws InterruptedException {
    space.await();
    space.take(99);
    space.await();
    assertThat(space.bytes()).isEqualTo(99);
  }

  @Test
  void whoFindsNoSpaceWaitsUntilEnoughIsReleased() {
    space.take(60);
    space.take(60);
    Thread waiting = new Thread(this::awaitSpace);
    waiting.start();
    await().until(() -> waiting.getState() == Thread.State.WAITING);

    space.release(20);
    await().until(() -> waiting.getState() == Thread.State.WAITING);
    space.release(1);
    await().until(() -> !waiting.isAlive());
  }

  private void awaitSpace() {
    try {
      space.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void aSingleDeliveryMayBeBiggerThanTheBound() throws InterruptedException {
    space.take(1000);
    CompletableFuture<Void> waiting = CompletableFuture.runAsync(this::awaitSpace);
    assertThat(waiting).isNotDone();

    space.release(1000);
    waiting.join();
    assertThat(space.bytes()).isZero();
  }
}
