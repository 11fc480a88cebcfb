package dev.datapipeline.consumer;

import dev.datapipeline.broker.Broker;
import dev.datapipeline.broker.TopicIds;
import dev.datapipeline.config.ConsumerConfig;
import dev.datapipeline.config.KafkaConfig;
import dev.datapipeline.connector.ChannelFactory;
import dev.datapipeline.metrics.PipelineMetrics;
import dev.datapipeline.storage.BatchWriter;
import dev.datapipeline.tracing.Tracing;
import jakarta.annotation.PreDestroy;
import jakarta.annotation.Resource;
import jakarta.enterprise.concurrent.ManagedThreadFactory;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.logging.Logger;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.eclipse.microprofile.reactive.messaging.Incoming;
import org.eclipse.microprofile.reactive.messaging.Message;
import org.reactivestreams.Subscriber;

/**
 * Takes records from the channels, one for each topic, and hands each partition's to its lane. Asks
 * for the next ones itself, one delivery at a time, while there is space for them: that is the
 * back-pressure.
 */
@ApplicationScoped
public class EventConsumer {
  static final String CHANNEL = "events-in";

  private static final Logger LOG = Logger.getLogger(EventConsumer.class.getName());
  private static final long STOP_TIMEOUT_MILLIS = 10_000;

  @Inject private ConsumerConfig config;
  @Inject private KafkaConfig kafka;
  @Inject private Broker broker;
  @Inject private BatchWriter writer;
  @Inject private PipelineMetrics metrics;
  @Inject private Tracing tracing;
  @Inject private ChannelFactory channelFactory;

  @Inject
  @ConfigProperty(name = "mp.messaging.incoming." + CHANNEL + ".isolation.level")
  private String isolationLevel;

  @Resource private ManagedThreadFactory threads;

  private final ConsumerState state = new ConsumerState();
  private final List<Lane> lanes = new ArrayList<>();
  private final List<Thread> running = new ArrayList<>();
  private volatile QueueSpace space;
  private final List<TopicSubscriber> channels = new ArrayList<>();

  /**
   * Connects the channel. Nothing is read from the broker before {@link #open}.
   *
   * @return what receives the channel's messages
   */
  @Incoming(CHANNEL)
  public synchronized Subscriber<Message<byte[]>> channel() {
    return prepared().get(0).subscriber();
  }

  private synchronized List<TopicSubscriber> prepared() {
    if (channels.isEmpty()) {
      space = new QueueSpace(config.maxQueueBytes());
      TopicIds topicIds = new TopicIds(broker);
      for (int i = 0; i < config.lanes(); i++) {
        int lane = i;
        lanes.add(
            new Lane(
                "writer " + (i + 1),
                config,
                broker,
                new ExactlyOnceStore(kafka, isolationLevel, broker, topicIds, writer, state),
                metrics,
                tracing,
                state,
                space,
                partition -> laneOf(partition, config.lanes()) == lane));
      }
      for (String topic : kafka.topics()) {
        channels.add(new TopicSubscriber(channelFactory, topic, lanes, space, state, metrics));
      }
    }
    return channels;
  }

  static int laneOf(int partition, int lanes) {
    return partition % lanes;
  }

  /**
   * Begins to read. To be called once, when the schema and the topics are there.
   *
   * @param topicIds the topics' ids by their names, asked for before the first record is read
   */
  public synchronized void open(Map<String, UUID> topicIds) {
    state.opened(topicIds);
    for (Lane lane : lanes) {
      start(lane, "datapipeline " + lane);
    }
    List<TopicSubscriber> all = prepared();
    // the first one is connected by the container
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
   * Stores nothing until {@link #resume}. A transaction that is under way is finished; what is read
   * already is kept, and when the queue is full nothing more is read. Forgotten at the next start.
   */
  public void pause() {
    state.paused(true);
    LOG.info("the consumer is paused");
  }

  /** Stores again what waits, and reads on. */
  public void resume() {
    state.paused(false);
    LOG.info("the consumer is resumed");
  }

  /**
   * Returns what is known about the consumer.
   *
   * @return live, thread-safe
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
   * Returns how much memory the records take that wait for their writer or are being written.
   *
   * @return in bytes, 0 or more
   */
  public long queueBytes() {
    QueueSpace now = space;
    return now == null ? 0 : now.bytes();
  }

  /** Stops taking records; a batch that is being written is finished or rolled back. */
  @PreDestroy
  public synchronized void stop() {
    running.forEach(Thread::interrupt);
    long deadline = System.currentTimeMillis() + STOP_TIMEOUT_MILLIS;
    try {
      for (Thread thread : running) {
        thread.join(Math.max(1, deadline - System.currentTimeMillis()));
        if (thread.isAlive()) {
          LOG.warning(thread.getName() + " did not stop in time; its batch will be rolled back");
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
