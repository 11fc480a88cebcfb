package dev.datapipeline.backends;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class BackendsTest {
  /** Maven's exec:java destroys the thread group of main. */
  @Test
  void aLastingThreadDoesNotBelongToTheGroupOfItsCreator() throws Exception {
    CompletableFuture<Thread> created = new CompletableFuture<>();
    ThreadGroup ofMain = new ThreadGroup("main's group");

    new Thread(ofMain, () -> created.complete(Backends.lastingThread(() -> {}, "test"))).start();

    ThreadGroup group = created.get(10, TimeUnit.SECONDS).getThreadGroup();
    assertThat(group).isNotSameAs(ofMain);
    assertThat(group.getParent()).isNull();
  }
}
