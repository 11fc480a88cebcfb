package dev.datapipeline.failure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class RepeatedTaskTest {

  @Test
  void whateverATaskThrowsItIsRepeated() {
    AtomicInteger runs = new AtomicInteger();
    ScheduledExecutorService scheduler = Executors.newSingleThreadScheduledExecutor();
    try {
      scheduler.scheduleWithFixedDelay(
          new RepeatedTask(
              "a test",
              () -> {
                switch (runs.incrementAndGet()) {
                  case 1 -> throw new OutOfMemoryError("Java heap space");
                  case 2 -> throw new NoClassDefFoundError("some/Class");
                  case 3 -> throw new IllegalStateException("fails");
                  default -> {}
                }
              }),
          0,
          1,
          TimeUnit.MILLISECONDS);

      await().until(() -> runs.get() > 4);
    } finally {
      scheduler.shutdownNow();
    }
    assertThat(runs.get()).isGreaterThan(4);
  }
}
