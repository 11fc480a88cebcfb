package dev.datapipeline.consumer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.datapipeline.broker.BoundedDeserializer;
import dev.datapipeline.config.ConsumerConfig;
import dev.datapipeline.connector.ChannelFactory;
import dev.datapipeline.connector.ChannelPositions;
import dev.datapipeline.connector.PartitionBatcher;
import dev.datapipeline.metrics.RecordingMetrics;
import dev.datapipeline.tracing.Tracing;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.eclipse.microprofile.reactive.messaging.Message;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;

class TopicSubscriberTest {
  private static final String TOPIC = "subscribed";
  private static final TopicPartition PARTITION = new TopicPartition(TOPIC, 0);

  private final AtomicInteger opened = new AtomicInteger();
  private final ChannelFactory factory =
      new ChannelFactory() {
        @Override
        public void subscribe(
            String channel, String topic, Subscriber<Message<byte[]>> subscriber) {
          if (opened.incrementAndGet() == 1) {
            throw new NoClassDefFoundError("some/Class");
          }
        }
      };

  private final ConsumerState state = new ConsumerState();
  private final QueueSpace space = new QueueSpace(1 << 20);
  private final PartitionBatcher batcher = new PartitionBatcher();

  private TopicSubscriber subscriber(Lane... lanes) {
    batcher.configure(
        Map.of("datapipeline.topic", TOPIC, BoundedDeserializer.MAX_RECORD_BYTES, "1000000"));
    return new TopicSubscriber(
        factory, TOPIC, List.of(lanes), space, state, new RecordingMetrics().pipelineMetrics());
  }

  private Lane lane() {
    return new Lane(
        "writer 1",
        new ConsumerConfig(true, 1, 10, 1000, 1000, 1000, Duration.ofSeconds(30)),
        null,
        null,
        new Tracing(null, true),
        state,
        space,
        partition -> true);
  }

  private final AtomicInteger requests = new AtomicInteger();
  private Thread thread;

  private void start(TopicSubscriber subscriber) {
    thread = new Thread(subscriber, "channel");
    thread.start();
  }

  @AfterEach
  void stop() throws InterruptedException {
    if (thread != null) {
      thread.interrupt();
      thread.join(5000);
      assertThat(thread.isAlive()).isFalse();
    }
  }

  /** The message of a poll that has returned one record. */
  private Message<byte[]> message() {
    ConsumerRecords<byte[], byte[]> polled =
        batcher.onConsume(
            new ConsumerRecords<>(
                Map.of(PARTITION, List.of(new ConsumerRecord<>(TOPIC, 0, 0, null, new byte[100]))),
                Map.of(PARTITION, new OffsetAndMetadata(1))));
    batcher.onCommit(Map.of(PARTITION, new OffsetAndMetadata(1)));
    ConsumerRecord<byte[], byte[]> batch = polled.iterator().next();
    return new Message<>() {
      @Override
      public byte[] getPayload() {
        return batch.value();
      }

      @Override
      public <C> C unwrap(Class<C> type) {
        return type.cast(batch);
      }
    };
  }

  private final class Requests implements Subscription {
    @Override
    public void request(long n) {
      if (requests.incrementAndGet() == 1) {
        throw new OutOfMemoryError("Java heap space");
      }
    }

    @Override
    public void cancel() {
      // nothing to release
    }
  }

  @Test
  void aBatchIsQueuedAndCounted() {
    TopicSubscriber subscriber = subscriber(lane());

    subscriber.subscriber().onNext(message());

    assertThat(space.bytes()).isPositive();
    assertThat(ChannelPositions.of(TOPIC).settled()).isEmpty();
  }

  /** Then its position is compared with the database, and its records are read again. */
  @Test
  void aBatchThatCannotBeQueuedCountsAsHandled() {
    TopicSubscriber subscriber = subscriber();

    subscriber.subscriber().onNext(message());

    assertThat(space.bytes()).isZero();
    assertThat(ChannelPositions.of(TOPIC).settled()).containsEntry(PARTITION, 1L);
  }

  @Test
  void anErrorDoesNotEndTheThread() {
    TopicSubscriber subscriber = subscriber(lane());
    start(subscriber);

    subscriber.subscriber().onSubscribe(new Requests());

    await().until(() -> requests.get() == 2);
    assertThat(state.isChannelDead(TOPIC)).isFalse();
  }

  @Test
  void aChannelThatEndsWithAnErrorIsOpenedAgainUntilThatWorks() {
    TopicSubscriber subscriber = subscriber(lane());
    start(subscriber);

    subscriber.subscriber().onError(new OutOfMemoryError("Java heap space"));

    await().until(() -> state.isChannelDead(TOPIC));
    assertThat(state.channelFailure()).hasValue("OutOfMemoryError: Java heap space");
    await().until(() -> opened.get() == 2);
  }
}
