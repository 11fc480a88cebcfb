package dev.datapipeline.health;

import dev.datapipeline.broker.Broker;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.TopicPartition;

/**
 * How far the consumer group is behind the topic.
 *
 * @param byPartition records that could be read and are not committed yet, by partition number
 */
record Lag(Map<Integer, Long> byPartition) {

  /**
   * Asks the broker.
   *
   * @throws IllegalStateException if there is no such topic: nothing can flow then
   */
  static Lag of(Broker broker) {
    List<TopicPartition> partitions = broker.partitions();
    if (partitions.isEmpty()) {
      throw new IllegalStateException("the topic does not exist");
    }
    Map<TopicPartition, Long> ends = broker.endOffsets(partitions);
    Map<TopicPartition, Long> starts = broker.startOffsets(partitions);
    Map<TopicPartition, Long> committed = broker.committedOffsets();
    Map<Integer, Long> lag = new TreeMap<>();
    ends.forEach(
        (partition, end) ->
            lag.put(
                partition.partition(),
                Math.max(0, end - committed.getOrDefault(partition, starts.get(partition)))));
    return new Lag(lag);
  }

  long total() {
    return byPartition.values().stream().mapToLong(Long::longValue).sum();
  }
}
