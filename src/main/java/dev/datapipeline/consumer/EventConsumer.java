package dev.datapipeline.consumer;

import dev.datapipeline.broker.TopicLog;
import dev.datapipeline.config.ConsumerConfig;
import dev.datapipeline.config.KafkaConfig;
import dev.datapipeline.connector.ChannelFactory;
import dev.datapipeline.connector.ChannelPositions;
import dev.datapipeline.failure.SteadyClock;
import dev.datapipeline.metrics.PipelineMetrics;
import dev.datapipeline.storage.BatchStore;
import dev.datapipeline.tracing.Tracing;
import jakarta.annotation.PreDestroy;
import jakarta.annotation.Resource;
import jakarta.enterprise.concurrent.ManagedThreadFactory;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.logging.Logger;
import java.util.stream.Collectors;
import org.apache.kafka.common.TopicPartition;
import org.eclipse.microprofile.reactive.messaging.Incoming;
import org.eclipse.microprofile.reactive.messaging.Message;
import org.reactivestreams.Subscriber;

/**
 * Takes batches from the channels, one channel per topic, and hands each batch to the lane of its
 * partition. Applies backpressure: requests the next batch only while the queue has free space.
 * Thread-safe.
 */
@ApplicationScoped
public class EventConsumer {
  static final String CHANNEL = "events-in";

  private static final Logger LOG = Logger.getLogger(EventConsumer.class.getName());
  private static final long STOP_TIMEOUT_MILLIS = 10_000;

  @Inject private ConsumerConfig config;
  @Inject private KafkaConfig kafka;
  @Inject private TopicLog topicLog;
  @Inject private BatchStore database;
  @Inject private PipelineMetrics metrics;
  @Inject private Tracing tracing;
  @Inject private ChannelFactory channelFactory;

  @Resource private ManagedThreadFactory threads;

  private final ConsumerState state = new ConsumerState();
  private final List<Lane> lanes = new ArrayList<>();
  private final List<Thread> running = new ArrayList<>();
  private volatile QueueSpace space;
  private final List<TopicSubscriber> subscribers = new ArrayList<>();

  /**
   * Connects the channel of the first topic. Nothing is read from the broker before {@link #open}.
   *
   * @return the subscriber that receives the channel's messages
   */
  @Incoming(CHANNEL)
  public synchronized Subscriber<Message<byte[]>> channel() {
    return subscribers().get(0).subscriber();
  }

  /** Returns the subscribers of all topics. The first call creates them and the lanes. */
  private synchronized List<TopicSubscriber> subscribers() {
    if (subscribers.isEmpty()) {
      space = new QueueSpace(config.maxQueueBytes());
      for (int i = 0; i < config.lanes(); i++) {
        int lane = i;
        lanes.add(
            new Lane(
                "writer " + (i + 1),
                config,
                new ExactlyOnceStore(
                    kafka.topics(),
                    topicLog,
                    database,
                    topic -> ChannelPositions.of(topic).settled(),
                    state,
                    System::nanoTime),
                metrics,
                tracing,
                state,
                space,
                partition -> laneOf(partition, config.lanes()) == lane));
      }
      for (String topic : kafka.topics()) {
        subscribers.add(new TopicSubscriber(channelFactory, topic, lanes, space, state, metrics));
      }
    }
    return subscribers;
  }

  static int laneOf(int partition, int lanes) {
    return partition % lanes;
  }

  /**
   * Starts reading. Must be called once, when the schema and the topics exist.
   *
   * @param topicIds the topics' ids by name, before the first record is read
   */
  public synchronized void open(Map<String, UUID> topicIds) {
    List<TopicSubscriber> all = subscribers();
    state.opened(topicIds);
    for (Lane lane : lanes) {
      start(lane, "datapipeline " + lane);
    }
    // the container connects the first one
    all.stream().skip(1).forEach(TopicSubscriber::subscribe);
    for (int i = 0; i < all.size(); i++) {
      start(all.get(i), "datapipeline channel " + kafka.topics().get(i));
    }
  }

  private void start(Runnable task, String name) {
    Thread thread = threads.newThread(task);
    thread.setName(name);
    thread.start();
    running.add(thread);
  }

  /**
   * Pauses storing until {@link #resume}. A running transaction is finished. Records that were read
   * are kept, and reading stops when the queue is full. A restart of the application ends the
   * pause.
   */
  public void pause() {
    state.setPaused(true);
    LOG.info("the consumer is paused");
  }

  /** Ends a pause. */
  public void resume() {
    state.setPaused(false);
    LOG.info("the consumer is resumed");
  }

  /**
   * Returns the consumer's state.
   *
   * @return a live view
   */
  public ConsumerState state() {
    return state;
  }

  /**
   * Returns whether every thread of the consumer runs.
   *
   * @return false before {@link #open}
   */
  public synchronized boolean isRunning() {
    return !running.isEmpty() && running.stream().allMatch(Thread::isAlive);
  }

  /**
   * Returns whether every channel has joined the consumer group and polls.
   *
   * @return false until then, after a channel has ended, and if joining the group again takes
   *     longer than {@code CONSUMER_STALL_TIMEOUT}
   */
  public boolean isReading() {
    return kafka.topics().stream()
        .allMatch(topic -> ChannelPositions.of(topic).isReading(config.stallTimeout()));
  }

  /**
   * Returns the partitions of all topics that are assigned to this instance.
   *
   * @return a snapshot
   */
  public Set<TopicPartition> assignedPartitions() {
    return kafka.topics().stream()
        .flatMap(topic -> ChannelPositions.of(topic).assigned().stream())
        .collect(Collectors.toSet());
  }

  /**
   * Returns how much memory the queued records take, including those being written.
   *
   * @return bytes, 0 or more
   */
  public long queueBytes() {
    QueueSpace now = space;
    return now == null ? 0 : now.bytes();
  }

  /** Stops reading. A batch that is being written is committed or rolled back. */
  @PreDestroy
  public synchronized void stop() {
    running.forEach(Thread::interrupt);
    Instant deadline = SteadyClock.now().plusMillis(STOP_TIMEOUT_MILLIS);
    try {
      for (Thread thread : running) {
        thread.join(Math.max(1, SteadyClock.now().until(deadline, ChronoUnit.MILLIS)));
        if (thread.isAlive()) {
          LOG.warning(thread.getName() + " did not stop in time; its batch will be rolled back");
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
