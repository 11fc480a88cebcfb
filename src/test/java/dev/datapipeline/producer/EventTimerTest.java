package dev.datapipeline.producer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.datapipeline.config.SourceConfig;
import dev.datapipeline.source.Event;
import dev.datapipeline.source.EventSource;
import jakarta.ejb.Timer;
import jakarta.ejb.TimerConfig;
import jakarta.ejb.TimerService;
import java.io.Serializable;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class EventTimerTest {
  private final List<Serializable> armed = new ArrayList<>();
  private final Deque<Error> failures = new ArrayDeque<>();
  private int ticks;

  private final EventSource source =
      new EventSource() {
        @Override
        public String name() {
          return "test";
        }

        @Override
        public List<Event> next(int max) {
          ticks++;
          throw new OutOfMemoryError("Java heap space");
        }
      };

  private final SourceDriver driver =
      new SourceDriver(
          source,
          new SourceConfig("test", "topic", Duration.ofMinutes(1), 5),
          (from, config, results) -> from.next(config.eventsPerTick()).size());

  private final RunningSources sources =
      new RunningSources() {
        @Override
        Optional<SourceDriver> get(String name) {
          return Optional.of(driver);
        }

        @Override
        Collection<SourceDriver> all() {
          return List.of(driver);
        }
      };

  private final TimerService service =
      (TimerService)
          Proxy.newProxyInstance(
              getClass().getClassLoader(),
              new Class<?>[] {TimerService.class},
              (proxy, method, arguments) -> {
                if (!failures.isEmpty()) {
                  throw failures.remove();
                }
                armed.add(((TimerConfig) arguments[1]).getInfo());
                return null;
              });

  private final EventTimer timer = new EventTimer(service, sources);

  private void fire() {
    Serializable info = armed.get(armed.size() - 1);
    timer.tick(
        (Timer)
            Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {Timer.class},
                (proxy, method, arguments) -> info));
  }

  @Test
  void afterATickThatEndsWithAnErrorTheNextOneIsArmed() {
    timer.start();
    fire();
    fire();

    assertThat(ticks).isEqualTo(2);
    assertThat(armed).hasSize(3);
  }

  @Test
  void aTimerThatCannotBeCreatedIsTriedAgain() {
    timer.start();
    failures.add(new OutOfMemoryError("unable to create native thread"));
    fire();
    fire();

    assertThat(ticks).isEqualTo(2);
    assertThat(armed).hasSize(3);
  }

  @Test
  void aReplacedTimerDoesNotTick() {
    timer.start();
    Serializable replaced = armed.get(0);
    timer.rearm("test");
    armed.add(replaced);
    fire();

    assertThat(ticks).isZero();
  }
}
