package dev.datapipeline.consumer;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ConsumerStateTest {
  private final ConsumerState state = new ConsumerState();

  /** Otherwise a partition that never moves could be hidden by one that does. */
  @Test
  void aWriterThatStoresDoesNotHideOneThatFails() {
    state.failed("writer 1", "lock timeout");
    state.stored("writer 2");

    assertThat(state.isFailing()).isTrue();
    assertThat(state.lastError()).hasValueSatisfying(e -> assertThat(e).contains("lock timeout"));

    state.stored("writer 1");
    assertThat(state.isFailing()).isFalse();
  }

  @Test
  void aPartOfABatchDoesNotEndItsFailure() {
    state.failed("writer 1", "away");
    state.progressed();

    assertThat(state.isFailing()).isTrue();
    assertThat(state.lastStoredAt()).isPresent();
  }

  @Test
  void aDeadChannelIsNotWellBecauseAWriterStoresWhatItHad() {
    state.channelDied("topic", "not authorized");
    state.stored("writer 1");

    assertThat(state.isFailing()).isTrue();
    assertThat(state.channelFailure()).hasValue("not authorized");

    state.channelResumed("topic");
    assertThat(state.isFailing()).isFalse();
    assertThat(state.channelFailure()).isEmpty();
  }
}
