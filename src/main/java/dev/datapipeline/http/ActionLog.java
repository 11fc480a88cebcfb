package dev.datapipeline.http;

import dev.datapipeline.failure.FailureText;
import dev.datapipeline.storage.read.OperatorActions;
import dev.datapipeline.storage.read.OperatorActions.Action;
import jakarta.annotation.Resource;
import jakarta.enterprise.concurrent.ManagedScheduledExecutorService;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.Queue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.logging.Logger;

/**
 * Records what operators do: at once in the log, and in the database as soon as it answers. The
 * controls must work during an outage of the database, so they don't wait for that. Thread-safe.
 */
@ApplicationScoped
public class ActionLog {
  private static final Logger LOG = Logger.getLogger(ActionLog.class.getName());
  private static final int MAX_WAITING = 1000;
  private static final int RETRY_SECONDS = 5;

  @Resource private ManagedScheduledExecutorService executor;
  @Inject private OperatorActions actions;

  private final Queue<Action> waiting = new LinkedBlockingQueue<>(MAX_WAITING);
  private final AtomicBoolean writing = new AtomicBoolean();

  void add(Action action) {
    LOG.info(
        "operator %s at %s: %s, answered with status %d"
            .formatted(action.operator(), action.address(), action.action(), action.status()));
    if (!waiting.offer(action)) {
      LOG.warning(
          "an operator's action is in the log only, because too many wait for the database");
    }
    if (writing.compareAndSet(false, true)) {
      executor.execute(this::write);
    }
  }

  private void write() {
    try {
      for (Action action = waiting.peek(); action != null; action = waiting.peek()) {
        actions.add(action);
        waiting.remove();
      }
      writing.set(false);
      // an action that was added meanwhile may have relied on this thread
      if (!waiting.isEmpty() && writing.compareAndSet(false, true)) {
        executor.execute(this::write);
      }
    } catch (RuntimeException | Error e) {
      LOG.warning(
          "%d actions of operators are not yet in the database: %s"
              .formatted(waiting.size(), FailureText.reason(e)));
      executor.schedule(this::write, RETRY_SECONDS, TimeUnit.SECONDS);
    }
  }
}
