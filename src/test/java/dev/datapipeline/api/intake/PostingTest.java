package dev.datapipeline.api.intake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.datapipeline.api.intake.Posting.NotAcknowledgedException;
import dev.datapipeline.tracing.SendSpan;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;

class PostingTest {
  private final List<CompletableFuture<Void>> sent = new ArrayList<>();
  private final Posting posting =
      new Posting(this::publish, topic -> SendSpan.OFF, Duration.ofMillis(50));

  private CompletionStage<Void> publish(ProducerRecord<String, byte[]> record) {
    CompletableFuture<Void> acknowledgement = new CompletableFuture<>();
    sent.add(acknowledgement);
    return acknowledgement;
  }

  private void send(int line, int bytes) throws Exception {
    posting.send(line, new ProducerRecord<>("topic", new byte[bytes]));
  }

  @Test
  void acknowledgedEventsAreCounted() throws Exception {
    send(1, 1);
    send(2, 1);
    assertThat(posting.accepted()).isZero();
    sent.forEach(acknowledgement -> acknowledgement.complete(null));

    posting.awaitAll();

    assertThat(posting.accepted()).isEqualTo(2);
  }

  @Test
  void theFirstEventThatFailsIsNamedAndLaterOnesAreCounted() throws Exception {
    send(1, 1);
    send(5, 1);
    send(6, 1);
    send(7, 1);
    sent.get(0).complete(null);
    sent.get(1).completeExceptionally(new IllegalStateException("refused"));
    sent.get(2).complete(null);

    assertThatExceptionOfType(NotAcknowledgedException.class)
        .isThrownBy(posting::awaitAll)
        .withCauseInstanceOf(IllegalStateException.class)
        .matches(e -> e.line() == 5);

    assertThat(posting.accepted()).isEqualTo(2);
  }

  @Test
  void aMissingAcknowledgementEndsTheWait() throws Exception {
    send(3, 1);

    assertThatExceptionOfType(NotAcknowledgedException.class)
        .isThrownBy(posting::awaitAll)
        .withCauseInstanceOf(TimeoutException.class)
        .matches(e -> e.line() == 3);
  }

  @Test
  void eventsInFlightAreLimitedByTheirSize() throws Exception {
    int half = 4 << 20;
    send(1, half);
    send(2, half);

    assertThatExceptionOfType(NotAcknowledgedException.class)
        .isThrownBy(() -> send(3, 1))
        .matches(e -> e.line() == 1);
    assertThat(sent).hasSize(2);
  }

  @Test
  void oneEventMayBeLargerThanTheLimit() throws Exception {
    send(1, 9 << 20);

    assertThat(sent).hasSize(1);
  }
}
