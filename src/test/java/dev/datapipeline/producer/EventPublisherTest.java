package dev.datapipeline.producer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.datapipeline.config.ProducerConfig;
import dev.datapipeline.failure.LogLines;
import dev.datapipeline.failure.LogThrottle;
import dev.datapipeline.metrics.PipelineMetrics;
import dev.datapipeline.metrics.RecordingMetrics;
import dev.datapipeline.source.Event;
import dev.datapipeline.tracing.Tracing;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.eclipse.microprofile.reactive.messaging.Emitter;
import org.eclipse.microprofile.reactive.messaging.Message;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class EventPublisherTest {
  private static final Instant TIME = Instant.parse("2026-01-15T10:17:16.857Z");
  private static final int MAX_IN_FLIGHT = 5;

  /** Keeps the messages, so that a test can acknowledge them. */
  private static final class FakeEmitter implements Emitter<ProducerRecord<String, byte[]>> {
    private final List<Message<? extends ProducerRecord<String, byte[]>>> messages =
        new ArrayList<>();
    private int accepts = Integer.MAX_VALUE;
    private boolean cancelled;
    private Error error;

    @Override
    public <M extends Message<? extends ProducerRecord<String, byte[]>>> void send(M message) {
      if (error != null) {
        throw error;
      }
      if (messages.size() >= accepts) {
        throw new IllegalStateException("buffer is full");
      }
      messages.add(message);
    }

    @Override
    public CompletionStage<Void> send(ProducerRecord<String, byte[]> payload) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void complete() {
      throw new UnsupportedOperationException();
    }

    @Override
    public void error(Exception e) {
      throw new UnsupportedOperationException();
    }

    @Override
    public boolean isCancelled() {
      return cancelled;
    }

    @Override
    public boolean hasRequests() {
      return true;
    }
  }

  private final FakeEmitter channel = new FakeEmitter();
  private final PipelineMetrics metrics = new RecordingMetrics().pipelineMetrics();
  private final SendResults results = new SendResults();
  private Instant now = TIME;

  private final EventPublisher publisher =
      new EventPublisher(
          channel,
          new ProducerConfig(true, List.of(), MAX_IN_FLIGHT),
          metrics,
          new Tracing(null, true),
          new LogThrottle(Duration.ofSeconds(10), () -> now));

  @RegisterExtension private final LogLines logged = new LogLines(EventPublisher.class);
  private final List<String> log = logged.lines();

  private static List<Event> events(int count) {
    return Collections.nCopies(count, new Event("key", TIME, new byte[] {'1'}));
  }

  private int publish(int count) {
    return publisher.publish("topic", events(count), results);
  }

  private void acknowledge(int message) {
    channel.messages.get(message).ack();
  }

  private void fail(int message, String reason) {
    channel.messages.get(message).nack(new IllegalStateException(reason));
  }

  @Test
  void anErrorOfTheChannelIsAnEventThatWasNotSent() {
    channel.error = new OutOfMemoryError("Java heap space");

    assertThat(publish(1)).isZero();
    assertThat(publisher.inFlight()).isZero();
    assertThat(results.lastError()).hasValue("OutOfMemoryError: Java heap space");
  }

  @Test
  void anEventBecomesARecordWithTopicKeyAndTimestamp() {
    assertThat(publish(1)).isEqualTo(1);

    ProducerRecord<String, byte[]> record = channel.messages.get(0).getPayload();
    assertThat(record.topic()).isEqualTo("topic");
    assertThat(record.key()).isEqualTo("key");
    assertThat(record.timestamp()).isEqualTo(TIME.toEpochMilli());
    assertThat(record.value()).containsExactly('1');
    assertThat(record.headers()).isEmpty();
  }

  @Test
  void anEventCountsAsSentWhenItIsAcknowledged() {
    publish(2);
    assertThat(publisher.inFlight()).isEqualTo(2);
    assertThat(results.sent()).isZero();
    assertThat(publisher.acknowledgedAt()).isEmpty();

    acknowledge(0);

    assertThat(publisher.inFlight()).isEqualTo(1);
    assertThat(results.sent()).isEqualTo(1);
    assertThat(metrics.counts().sent()).isEqualTo(1);
    assertThat(publisher.acknowledgedAt()).isPresent();
    assertThat(publisher.lastError()).isEmpty();
    assertThat(publisher.isFailing()).isFalse();
  }

  @Test
  void anEventThatTheBrokerRefusesCountsAsNotSent() {
    publish(1);

    fail(0, "record is too large");

    assertThat(publisher.inFlight()).isZero();
    assertThat(publisher.isFailing()).isTrue();
    assertThat(publisher.lastError()).hasValue("IllegalStateException: record is too large");
    assertThat(results.notSent()).isEqualTo(1);
    assertThat(results.lastError()).hasValue("IllegalStateException: record is too large");
    assertThat(metrics.counts().notSent()).isEqualTo(1);
    assertThat(log)
        .containsExactly("WARNING 1 events not sent: IllegalStateException: record is too large");
  }

  @Test
  void theNextAcknowledgementEndsAFailureOnce() {
    publish(3);
    fail(0, "away");
    acknowledge(1);
    acknowledge(2);

    assertThat(publisher.isFailing()).isFalse();
    assertThat(publisher.lastError()).hasValue("IllegalStateException: away");
    assertThat(log).filteredOn("INFO events are being sent again"::equals).hasSize(1);
  }

  @Test
  void theRestOfATickIsNotTriedAfterTheChannelRefusedAnEvent() {
    channel.accepts = 2;

    assertThat(publish(5)).isEqualTo(2);

    assertThat(channel.messages).hasSize(2);
    assertThat(publisher.inFlight()).isEqualTo(2);
    assertThat(results.notSent()).isEqualTo(3);
    assertThat(metrics.counts().notSent()).isEqualTo(3);
    assertThat(publisher.lastError()).hasValue("IllegalStateException: buffer is full");
  }

  @Test
  void aTickThatExceedsTheLimitOfEventsInFlightIsNotSent() {
    publish(3);

    assertThat(publish(3)).isZero();
    assertThat(channel.messages).hasSize(3);
    assertThat(results.notSent()).isEqualTo(3);
    assertThat(publisher.lastError())
        .hasValue("3 events are still waiting for the broker's acknowledgement");

    assertThat(publish(2)).isEqualTo(2);
  }

  @Test
  void onlyTheFirstResultOfAnEventCounts() {
    publish(2);
    acknowledge(0);
    acknowledge(0);
    fail(0, "too late");
    fail(1, "away");
    acknowledge(1);

    assertThat(publisher.inFlight()).isZero();
    assertThat(results.sent()).isEqualTo(1);
    assertThat(results.notSent()).isEqualTo(1);
    assertThat(metrics.counts().sent()).isEqualTo(1);
    assertThat(metrics.counts().notSent()).isEqualTo(1);
    assertThat(publisher.isFailing()).isTrue();
  }

  @Test
  void failuresAreLoggedTogether() {
    publish(5);
    fail(0, "away");
    fail(1, "away");
    fail(2, "away");
    assertThat(log).hasSize(1);

    now = now.plusSeconds(11);
    fail(3, "still away");

    assertThat(log)
        .containsExactly(
            "WARNING 1 events not sent: IllegalStateException: away",
            "WARNING 3 events not sent: IllegalStateException: still away");
  }

  @Test
  void aSingleRecordIsAcknowledgedToItsSender() {
    CompletableFuture<Void> sent =
        publisher.publish(new ProducerRecord<>("topic", new byte[0])).toCompletableFuture();
    assertThat(sent).isNotDone();

    acknowledge(0);

    assertThat(sent).isCompleted();
    assertThat(metrics.counts().sent()).isEqualTo(1);
  }

  @Test
  void aSingleRecordThatFailsTellsItsSenderWhy() {
    CompletableFuture<Void> failed =
        publisher.publish(new ProducerRecord<>("topic", new byte[0])).toCompletableFuture();
    fail(0, "away");
    assertThatThrownBy(failed::join).hasRootCauseMessage("away");

    channel.accepts = 0;
    CompletableFuture<Void> refused =
        publisher.publish(new ProducerRecord<>("topic", new byte[0])).toCompletableFuture();
    assertThatThrownBy(refused::join).hasRootCauseMessage("buffer is full");
    assertThat(publisher.inFlight()).isZero();
  }

  @Test
  void waitingEndsWithTheLastAcknowledgement() throws InterruptedException {
    publish(2);
    acknowledge(0);
    Thread broker = new Thread(() -> acknowledge(1));
    broker.start();

    assertThat(publisher.awaitAcknowledgements(Duration.ofMinutes(1))).isZero();
    broker.join();
    assertThat(results.sent()).isEqualTo(2);
  }

  @Test
  void waitingEndsWithTheTimeout() {
    publish(2);
    acknowledge(0);

    assertThat(publisher.awaitAcknowledgements(Duration.ofMillis(20))).isEqualTo(1);
  }

  @Test
  void aCancelledChannelIsDead() {
    assertThat(publisher.isChannelDead()).isFalse();
    channel.cancelled = true;
    assertThat(publisher.isChannelDead()).isTrue();
  }
}
