package dev.datapipeline.connector;

import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.common.Configurable;

/**
 * Kafka's cooperative sticky assignor, which also counts assignments. After an assignment, a
 * partition's next record need not follow its last one, because another instance may have read the
 * records in between. {@link PartitionBatcher} must notice this, and the connector doesn't expose
 * its rebalance listener. It also tells {@link ChannelPositions} when its consumer asks to join the
 * group and when it has joined. Called by the polling thread only.
 */
public class AssignmentObserver extends CooperativeStickyAssignor implements Configurable {
  private static final AtomicLong ASSIGNMENTS = new AtomicLong();

  private ChannelPositions channel = new ChannelPositions();

  @Override
  public void configure(Map<String, ?> configs) {
    channel = ChannelPositions.of(String.valueOf(configs.get(PartitionBatcher.TOPIC)));
  }

  /** Called whenever the consumer is about to ask to join the group. */
  @Override
  public ByteBuffer subscriptionUserData(Set<String> topics) {
    channel.joining();
    return super.subscriptionUserData(topics);
  }

  @Override
  public void onAssignment(Assignment assignment, ConsumerGroupMetadata metadata) {
    super.onAssignment(assignment, metadata);
    channel.joined();
    ASSIGNMENTS.incrementAndGet();
  }

  /** Returns a number that changes with every assignment to any consumer of this application. */
  static long assignments() {
    return ASSIGNMENTS.get();
  }
}
