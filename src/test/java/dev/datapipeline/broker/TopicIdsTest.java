package dev.datapipeline.broker;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import java.util.UUID;
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
  private final TopicIds ids = new TopicIds(broker);

  @Test
  void anAnswerServesEveryBatchThatArrivedBeforeItWasAskedFor() {
    long arrived = System.nanoTime();

    assertThat(ids.after("t", arrived)).hasValue(broker.id);
    assertThat(ids.after("t", arrived)).hasValue(broker.id);
    assertThat(ids.after("t", arrived - 1)).hasValue(broker.id);
    assertThat(broker.questions).isEqualTo(1);
  }

  @Test
  void anOlderAnswerIsNoAnswer() {
    ids.after("t", System.nanoTime());
    broker.id = UUID.randomUUID();

    assertThat(ids.after("t", System.nanoTime())).hasValue(broker.id);
    assertThat(broker.questions).isEqualTo(2);
  }

  @Test
  void aTopicThatHasGoneHasNone() {
    broker.id = null;

    assertThat(ids.after("t", System.nanoTime())).isEmpty();
  }

  @Test
  void topicsAreToldApart() {
    ids.after("one", System.nanoTime());
    ids.after("two", System.nanoTime());

    assertThat(broker.questions).isEqualTo(2);
  }
}
