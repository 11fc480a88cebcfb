package dev.datapipeline.connector;

import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;

/**
 * Kafka's cooperative sticky assignor, which also notices that partitions were assigned. The
 * connector keeps its rebalance listener to itself, and {@link PartitionBatcher} must know when a
 * partition's next record need not follow on its last one.
 */
public class AssignmentObserver extends CooperativeStickyAssignor {
  private static final AtomicLong ASSIGNMENTS = new AtomicLong();

  @Override
  public void onAssignment(Assignment assignment, ConsumerGroupMetadata metadata) {
    super.onAssignment(assignment, metadata);
    ASSIGNMENTS.incrementAndGet();
  }

  /** Returns a number that changes with every assignment to any consumer of this application. */
  public static long assignments() {
    return ASSIGNMENTS.get();
  }
}
