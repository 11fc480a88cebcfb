package dev.datapipeline.broker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.datapipeline.config.KafkaConfig;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.DescribeTopicsResult;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.internals.KafkaFutureImpl;
import org.junit.jupiter.api.Test;

class BrokerTest {
  private static final KafkaConfig CONFIG =
      new KafkaConfig(
          "localhost:1",
          "topic",
          List.of("topic"),
          "group",
          1,
          1,
          IsolationLevel.READ_COMMITTED,
          Map.of());

  /** Every answer of the clients, one after the other. */
  private final List<Throwable> answers = new ArrayList<>();

  private final List<String> calls = new ArrayList<>();
  private int clients;

  private final Broker broker =
      new Broker(
          CONFIG,
          new KafkaClients(CONFIG, null) {
            @Override
            Admin admin(Duration timeout) {
              return client(++clients);
            }
          });

  private Admin client(int number) {
    return (Admin)
        Proxy.newProxyInstance(
            Admin.class.getClassLoader(),
            new Class<?>[] {Admin.class},
            (proxy, method, arguments) -> {
              calls.add(method.getName() + " " + number);
              return method.getName().equals("close")
                  ? null
                  : new DescribeTopicsResult(null, Map.of("topic", failed(answers.remove(0)))) {};
            });
  }

  private static <T> KafkaFuture<T> failed(Throwable failure) {
    KafkaFutureImpl<T> future = new KafkaFutureImpl<>();
    future.completeExceptionally(failure);
    return future;
  }

  @Test
  void aClientThatDoesNotAnswerIsReplaced() {
    answers.add(new TimeoutException("no answer"));
    answers.add(new UnknownTopicOrPartitionException());

    assertThatThrownBy(() -> broker.topicId("topic"))
        .isInstanceOf(BrokerUnavailableException.class);
    assertThat(broker.topicId("topic")).isEmpty();

    assertThat(calls).containsExactly("describeTopics 1", "close 1", "describeTopics 2");
  }

  @Test
  void aClientThatAnswersIsKept() {
    answers.add(new UnknownTopicOrPartitionException());
    answers.add(new UnknownTopicOrPartitionException());

    assertThat(broker.topicId("topic")).isEmpty();
    assertThat(broker.topicId("topic")).isEmpty();

    assertThat(calls).containsExactly("describeTopics 1", "describeTopics 1");
  }
}
