package dev.datapipeline.health;

import dev.datapipeline.broker.Broker;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;

/**
 * How far the consumer group is behind the topics.
 *
 * @param byPartition records that could be read and are not committed yet
 * @param written how many offsets the topics have given away
 * @param atNanos when this was asked, by {@link System#nanoTime()}
 */
record Lag(Map<TopicPartition, Long> byPartition, long written, long atNanos) {

  /**
   * Asks the broker.
   *
   * @throws IllegalStateException if a topic does not exist: nothing can flow then
   */
  static Lag of(Broker broker, List<String> topics) {
    List<TopicPartition> partitions = new ArrayList<>();
    for (String topic : topics) {
      List<TopicPartition> ofTopic = broker.partitions(topic);
      if (ofTopic.isEmpty()) {
        throw new IllegalStateException("the topic %s does not exist".formatted(topic));
      }
      partitions.addAll(ofTopic);
    }
    Map<TopicPartition, Long> ends = broker.endOffsets(partitions);
    Map<TopicPartition, Long> starts = broker.startOffsets(partitions);
    Map<TopicPartition, Long> committed = broker.committedOffsets();
    Map<TopicPartition, Long> lag = new HashMap<>();
    ends.forEach(
        (partition, end) ->
            lag.put(
                partition,
                Math.max(0, end - committed.getOrDefault(partition, starts.get(partition)))));
    long written = ends.values().stream().mapToLong(Long::longValue).sum();
    return new Lag(lag, written, System.nanoTime());
  }

  long total() {
    return byPartition.values().stream().mapToLong(Long::longValue).sum();
  }
}
