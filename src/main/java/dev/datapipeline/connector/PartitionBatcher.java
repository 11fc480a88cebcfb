package dev.datapipeline.connector;

import dev.datapipeline.broker.BoundedDeserializer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerInterceptor;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/**
 * Gathers what a poll brings of each partition into one {@link PartitionBatch}, together with the
 * offsets that hold no record. Called by the thread that polls.
 */
public class PartitionBatcher implements ConsumerInterceptor<byte[], byte[]> {
  private final Map<TopicPartition, Long> positions = new HashMap<>();
  private long seenAssignments = -1;

  @Override
  public ConsumerRecords<byte[], byte[]> onConsume(ConsumerRecords<byte[], byte[]> polled) {
    BoundedDeserializer.pollEnded();
    long assignments = AssignmentObserver.assignments();
    if (assignments != seenAssignments) {
      positions.clear();
      seenAssignments = assignments;
    }
    Set<TopicPartition> partitions = new HashSet<>(polled.partitions());
    partitions.addAll(polled.nextOffsets().keySet());
    Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> batches = new LinkedHashMap<>();
    for (TopicPartition partition : partitions) {
      PartitionBatch batch = batch(partition, polled);
      positions.put(partition, batch.range().to());
      // the first one after an assignment tells, even without a record, how far the poll has come
      if (batch.afterAssignment() || batch.range().from() < batch.range().to()) {
        batches.put(partition, List.of(batch));
      }
    }
    return new ConsumerRecords<>(batches, polled.nextOffsets());
  }

  private PartitionBatch batch(TopicPartition partition, ConsumerRecords<byte[], byte[]> polled) {
    List<ConsumerRecord<byte[], byte[]>> records = polled.records(partition);
    OffsetAndMetadata next = polled.nextOffsets().get(partition);
    long to = next != null ? next.offset() : records.get(records.size() - 1).offset() + 1;
    long first = records.isEmpty() ? to : records.get(0).offset();
    Long position = positions.get(partition);
    // a position behind the first record means that the consumer was reset to an earlier offset
    boolean continued = position != null && position <= first;
    Optional<Integer> epoch =
        records.isEmpty() ? Optional.empty() : records.get(records.size() - 1).leaderEpoch();
    return new PartitionBatch(
        partition, continued ? position : first, to, new ArrayList<>(records), epoch, !continued);
  }

  @Override
  public void onCommit(Map<TopicPartition, OffsetAndMetadata> offsets) {
    // the database knows what is stored
  }

  @Override
  public void configure(Map<String, ?> configs) {
    // nothing to configure
  }

  @Override
  public void close() {
    positions.clear();
  }
}
