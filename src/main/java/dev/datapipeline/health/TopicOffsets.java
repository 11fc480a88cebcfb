package dev.datapipeline.health;

import dev.datapipeline.broker.Broker;
import dev.datapipeline.storage.LogOffsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.common.TopicPartition;

/**
 * The ids and offsets of the topics, according to the broker.
 *
 * @param ids the topics' current ids by name
 * @param starts the oldest offset that each partition still holds
 * @param ends the offset after the last record of each partition that can be read
 * @param highWatermarks the offset after the last record of each partition, even if it can't be
 *     read because of an open transaction
 * @param atNanos when the broker was asked, by {@link System#nanoTime()}
 */
record TopicOffsets(
    Map<String, UUID> ids,
    Map<TopicPartition, Long> starts,
    Map<TopicPartition, Long> ends,
    Map<TopicPartition, Long> highWatermarks,
    long atNanos) {

  /**
   * Asks the broker.
   *
   * @throws IllegalStateException if a topic doesn't exist
   */
  static TopicOffsets of(Broker broker, List<String> topics) {
    Map<String, UUID> ids = new HashMap<>();
    List<TopicPartition> partitions = new ArrayList<>();
    for (String topic : topics) {
      Broker.Topic description =
          broker
              .topic(topic)
              .orElseThrow(
                  () -> new IllegalStateException("the topic %s does not exist".formatted(topic)));
      ids.put(topic, description.id());
      partitions.addAll(description.partitions());
    }
    // asked first: if no transaction is open, the ends that are asked later are not below
    Map<TopicPartition, Long> highWatermarks = broker.highWatermarks(partitions);
    return new TopicOffsets(
        ids,
        broker.startOffsets(partitions),
        broker.endOffsets(partitions),
        highWatermarks,
        System.nanoTime());
  }

  /** Returns the offsets by partition. */
  List<LogOffsets.Seen> seen() {
    return ends.entrySet().stream()
        .map(
            entry -> {
              TopicPartition partition = entry.getKey();
              return new LogOffsets.Seen(
                  partition.topic(),
                  ids.get(partition.topic()),
                  partition.partition(),
                  starts.get(partition),
                  entry.getValue());
            })
        .toList();
  }

  /** Returns the number of records that were ever written to the topics: the sum of the ends. */
  long written() {
    return ends.values().stream().mapToLong(Long::longValue).sum();
  }
}
