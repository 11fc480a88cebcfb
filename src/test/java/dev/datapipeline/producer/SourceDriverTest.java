package dev.datapipeline.producer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.datapipeline.config.SourceConfig;
import dev.datapipeline.source.Event;
import dev.datapipeline.source.EventSource;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SourceDriverTest {
  private Instant now = Instant.parse("2026-01-15T10:17:16.857Z");
  private Instant steady = Instant.EPOCH;
  private boolean broken;
  private Error error;
  private Optional<String> problem = Optional.empty();

  private final EventSource source =
      new EventSource() {
        @Override
        public String name() {
          return "test";
        }

        @Override
        public List<Event> next(int max) {
          if (broken) {
            throw new IllegalStateException("broken");
          }
          if (error != null) {
            throw error;
          }
          return List.of(new Event(null, Instant.EPOCH, new byte[] {'1'}));
        }

        @Override
        public Optional<String> problem() {
          return problem;
        }
      };

  private final SourceDriver driver =
      new SourceDriver(
          source,
          new SourceConfig("test", "topic", Duration.ofMinutes(1), 5),
          (from, config, results) -> {
            int events = from.next(config.eventsPerTick()).size();
            results.sent(events);
            return events;
          },
          () -> now,
          () -> steady);

  @Test
  void aTickSendsAndIsCounted() {
    assertThat(driver.tick()).isEqualTo(1);
    SourceState state = driver.state();
    assertThat(state.sent()).isEqualTo(1);
    assertThat(state.lastTick()).hasValue(now);
    assertThat(state.lastError()).isEmpty();
    assertThat(state.topic()).isEqualTo("topic");
  }

  @Test
  void aSourceThatFailsIsReportedUntilItWorksAgain() {
    broken = true;
    assertThat(driver.tick()).isZero();
    assertThat(driver.failure()).hasValue("IllegalStateException: broken");

    broken = false;
    assertThat(driver.tick()).isEqualTo(1);
    assertThat(driver.failure()).isEmpty();
    assertThat(driver.state().lastError()).hasValue("IllegalStateException: broken");
  }

  @Test
  void anErrorIsAFailureOfOneTick() {
    error = new OutOfMemoryError("Java heap space");
    assertThat(driver.tick()).isZero();
    assertThat(driver.failure()).hasValue("OutOfMemoryError: Java heap space");

    error = null;
    assertThat(driver.tick()).isEqualTo(1);
    assertThat(driver.failure()).isEmpty();
  }

  @Test
  void aProblemOfASourceThatWorksIsShownAndIsNoFailure() {
    problem = Optional.of("cannot read a file");
    assertThat(driver.tick()).isEqualTo(1);
    assertThat(driver.problem()).hasValue("cannot read a file");
    assertThat(driver.state().lastError()).hasValue("cannot read a file");
    assertThat(driver.failure()).isEmpty();

    problem = Optional.empty();
    driver.tick();
    assertThat(driver.problem()).isEmpty();
  }

  @Test
  void theFirstTickIsAtOnceAndTheNextOneAfterTheInterval() {
    assertThat(driver.isTicking()).isFalse();
    assertThat(driver.untilNextTick()).isZero();
    steady = steady.plusSeconds(5);
    assertThat(driver.untilNextTick()).isEqualTo(Duration.ofSeconds(55));
    assertThat(driver.isTicking()).isTrue();
  }

  @Test
  void missedTicksAreSkippedAndTheRhythmIsKept() {
    driver.untilNextTick();
    steady = steady.plus(Duration.ofMinutes(3)).plusSeconds(20);
    assertThat(driver.untilNextTick()).isEqualTo(Duration.ofSeconds(40));
  }

  @Test
  void theNextTickIsDueAfterTheIntervalEvenIfTheClockIsSetBack() {
    driver.untilNextTick();
    now = now.minus(Duration.ofDays(1));
    steady = steady.plusSeconds(5);
    assertThat(driver.untilNextTick()).isEqualTo(Duration.ofSeconds(55));
  }

  @Test
  void aTimerThatIsLongOverdueDoesNotTick() {
    driver.untilNextTick();
    steady = steady.plus(Duration.ofMinutes(10)).plusSeconds(9);
    assertThat(driver.isTicking()).isTrue();
    steady = steady.plusSeconds(1);
    assertThat(driver.isTicking()).isFalse();
  }

  @Test
  void aTickThatMayBeWaitingIsNotTakenForADeadTimer() {
    driver.setInterval(Duration.ofSeconds(1));
    driver.untilNextTick();
    driver.tick();
    steady = steady.plusSeconds(30);
    assertThat(driver.isTicking()).isFalse();
    assertThat(driver.isAlive()).isTrue();
    steady = steady.plus(Duration.ofMinutes(5));
    assertThat(driver.isAlive()).isFalse();
  }

  @Test
  void aNewIntervalCountsAtOnce() {
    driver.untilNextTick();
    driver.setInterval(Duration.ofHours(1));
    assertThat(driver.untilNextTick()).isZero();
    assertThat(driver.state().interval()).isEqualTo(Duration.ofHours(1));
  }

  @Test
  void aPausedSourceIsNotTakenForOneThatStands() {
    driver.setPaused(true);
    assertThat(driver.isTicking()).isTrue();
    assertThat(driver.state().paused()).isTrue();
  }

  @Test
  void nothingIsSentAfterTheStop() {
    driver.stop();
    assertThat(driver.tick()).isZero();
    assertThat(driver.state().sent()).isZero();
  }
}
