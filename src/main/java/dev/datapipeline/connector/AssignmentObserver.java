package dev.datapipeline.connector;

import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;

/**
 * Kafka's cooperative sticky assignor, which also counts assignments. After an assignment, a
 * partition's next record need not follow its last one, because another instance may have read the
 * records in between. {@link PartitionBatcher} must notice this, and the connector doesn't expose
 * its rebalance listener.
 */
public class AssignmentObserver extends CooperativeStickyAssignor {
  private static final AtomicLong ASSIGNMENTS = new AtomicLong();

  @Override
  public void onAssignment(Assignment assignment, ConsumerGroupMetadata metadata) {
    super.onAssignment(assignment, metadata);
    ASSIGNMENTS.incrementAndGet();
  }

  /** Returns a number that changes with every assignment to any consumer of this application. */
  static long assignments() {
    return ASSIGNMENTS.get();
  }
}
