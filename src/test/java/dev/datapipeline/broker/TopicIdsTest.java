package dev.datapipeline.broker;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class TopicIdsTest {

  private static final class CountingBroker implements Function<String, Optional<UUID>> {
    private UUID id = UUID.randomUUID();
    private int questions;

    @Override
    public Optional<UUID> apply(String topic) {
      questions++;
      return Optional.ofNullable(id);
    }
  }

  private final CountingBroker broker = new CountingBroker();
  private final AtomicLong clock = new AtomicLong();
  private final TopicIds ids = new TopicIds(broker, clock::incrementAndGet);

  @Test
  void anAnswerServesEveryBatchThatArrivedBeforeItWasAskedFor() {
    long arrived = clock.incrementAndGet();

    assertThat(ids.after("t", arrived)).hasValue(broker.id);
    assertThat(ids.after("t", arrived)).hasValue(broker.id);
    assertThat(ids.after("t", arrived - 1)).hasValue(broker.id);
    assertThat(broker.questions).isEqualTo(1);
  }

  @Test
  void anOlderAnswerIsNoAnswer() {
    ids.after("t", clock.incrementAndGet());
    broker.id = UUID.randomUUID();

    assertThat(ids.after("t", clock.incrementAndGet())).hasValue(broker.id);
    assertThat(broker.questions).isEqualTo(2);
  }

  /** The clock may be coarse. */
  @Test
  void anAnswerThatWasAskedForWhenTheBatchArrivedIsNoAnswer() {
    ids.after("t", clock.get());
    long askedAt = clock.get();

    ids.after("t", askedAt);

    assertThat(broker.questions).isEqualTo(2);
  }

  @Test
  void aTopicThatHasGoneHasNone() {
    broker.id = null;

    assertThat(ids.after("t", clock.incrementAndGet())).isEmpty();
  }

  @Test
  void topicsAreToldApart() {
    ids.after("one", clock.incrementAndGet());
    ids.after("two", clock.incrementAndGet());

    assertThat(broker.questions).isEqualTo(2);
  }
}
