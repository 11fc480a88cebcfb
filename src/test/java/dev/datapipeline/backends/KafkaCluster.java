package dev.datapipeline.backends;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.NewPartitionReassignment;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.Uuid;

/**
 * Several brokers that replicate each other's data. Each of them is a controller, too, so more than
 * half of them must run for anything to change. A topic has a replica on every broker, and accepts
 * records while more than half of them are in sync, unless it is created otherwise. Leaders move
 * only if a broker stops, or a test moves them.
 */
public final class KafkaCluster implements AutoCloseable {
  private static final Duration TIMEOUT = Duration.ofSeconds(180);
  private static final int REQUEST_TIMEOUT_MILLIS = 3_000;
  private static final int CALL_TIMEOUT_MILLIS = 5_000;

  private final Map<Integer, KafkaBroker> brokers = new TreeMap<>();
  private Admin admin;

  /**
   * Creates a cluster without starting it.
   *
   * @param directory keeps the data and the logs, below each broker's number; created if missing
   * @param size the number of brokers, which are numbered from 1
   */
  public KafkaCluster(Path directory, int size) {
    for (int id = 1; id <= size; id++) {
      brokers.put(id, new KafkaBroker(directory.resolve(Integer.toString(id)), 0));
    }
    String voters =
        brokers.entrySet().stream()
            .map(member -> member.getKey() + "@localhost:" + member.getValue().controllerPort())
            .collect(Collectors.joining(","));
    String cluster = Uuid.randomUuid().toString();
    brokers.forEach((id, broker) -> broker.memberOf(cluster, id, voters));
    properties(replication(size));
  }

  private static Map<String, String> replication(int size) {
    String all = Integer.toString(size);
    String most = Integer.toString(size / 2 + 1);
    Map<String, String> properties = new TreeMap<>();
    properties.put("default.replication.factor", all);
    properties.put("offsets.topic.replication.factor", all);
    properties.put("transaction.state.log.replication.factor", all);
    properties.put("share.coordinator.state.topic.replication.factor", all);
    properties.put("min.insync.replicas", most);
    properties.put("transaction.state.log.min.isr", most);
    properties.put("share.coordinator.state.topic.min.isr", most);
    // a follower that hangs holds its leaders up for so long
    properties.put("replica.lag.time.max.ms", "3000");
    properties.put("auto.leader.rebalance.enable", "false");
    return properties;
  }

  /**
   * Sets properties of all brokers, as {@link KafkaBroker#properties} does.
   *
   * @return this
   */
  public KafkaCluster properties(Map<String, String> properties) {
    brokers.values().forEach(broker -> broker.properties(properties));
    return this;
  }

  /**
   * Starts the brokers that don't run, and returns when all answer.
   *
   * @throws BackendException if one of them does not start; then none runs
   */
  public synchronized void start() {
    List<CompletableFuture<Void>> starts = new ArrayList<>();
    // at the same time, because a single one can't answer before the others have joined
    for (KafkaBroker broker : brokers.values()) {
      starts.add(
          CompletableFuture.runAsync(
              broker::start, task -> new Thread(task, "broker-start").start()));
    }
    try {
      CompletableFuture.allOf(starts.toArray(CompletableFuture[]::new)).join();
    } catch (CompletionException e) {
      close();
      throw new BackendException("A broker did not start: " + e.getCause().getMessage(), e);
    }
  }

  /** Kills all brokers. */
  public synchronized void kill() {
    brokers.values().forEach(KafkaBroker::kill);
  }

  /** Returns the value of {@code bootstrap.servers} for clients. */
  public String bootstrapServers() {
    return brokers.values().stream()
        .map(KafkaBroker::bootstrapServers)
        .collect(Collectors.joining(","));
  }

  /** Returns the numbers of the brokers. */
  public Set<Integer> ids() {
    return brokers.keySet();
  }

  /** Returns the broker with a number. */
  public KafkaBroker broker(int id) {
    return brokers.get(id);
  }

  /** Returns the number of the broker that leads a partition now; -1 if there is none. */
  public int leader(TopicPartition partition) {
    Node leader = describe(partition.topic()).get(partition.partition()).leader();
    return leader == null ? -1 : leader.id();
  }

  /** Returns the numbers of the brokers whose replica of a partition is in sync. */
  public Set<Integer> inSync(TopicPartition partition) {
    return Set.copyOf(ids(describe(partition.topic()).get(partition.partition()).isr()));
  }

  /** Waits until every replica of a topic is in sync. */
  public void awaitInSync(String topic) {
    Processes.await(
        () ->
            describe(topic).stream()
                .allMatch(partition -> partition.isr().size() == partition.replicas().size()),
        TIMEOUT,
        "The replicas of " + topic + " don't get in sync");
  }

  /** Makes a broker the leader of a partition; it must be in sync. */
  public void lead(TopicPartition partition, int leader) {
    List<Integer> replicas = new ArrayList<>();
    replicas.add(leader);
    ids(describe(partition.topic()).get(partition.partition()).replicas()).stream()
        .filter(id -> id != leader)
        .forEach(replicas::add);
    assign(partition, replicas);
  }

  /**
   * Sets the replicas of a partition, and returns when all are in sync and the first one leads.
   *
   * @param replicas numbers of brokers
   */
  public void assign(TopicPartition partition, List<Integer> replicas) {
    ask(
        client ->
            client
                .alterPartitionReassignments(
                    Map.of(partition, Optional.of(new NewPartitionReassignment(replicas))))
                .all());
    Processes.await(
        () -> {
          TopicPartitionInfo now = describe(partition.topic()).get(partition.partition());
          return ids(now.replicas()).equals(replicas)
              && now.isr().size() == replicas.size()
              && leads(partition, replicas.get(0), ElectionType.PREFERRED);
        },
        TIMEOUT,
        partition + " can't be moved to the brokers " + replicas);
  }

  /** Makes a broker the leader of a partition that has none, although records get lost by that. */
  public void leadUncleanly(TopicPartition partition, int leader) {
    Processes.await(
        () -> leads(partition, leader, ElectionType.UNCLEAN),
        TIMEOUT,
        "Broker " + leader + " does not become the leader of " + partition);
  }

  /** Returns whether a broker leads a partition; asks for an election if it doesn't. */
  private boolean leads(TopicPartition partition, int leader, ElectionType type) {
    if (leader(partition) == leader) {
      return true;
    }
    // the next call shows what came of it
    ask(client -> client.electLeaders(type, Set.of(partition)).partitions());
    return false;
  }

  private static List<Integer> ids(List<Node> nodes) {
    return nodes.stream().map(Node::id).toList();
  }

  private List<TopicPartitionInfo> describe(String topic) {
    Map<String, TopicDescription> topics =
        ask(client -> client.describeTopics(List.of(topic)).allTopicNames());
    return topics.get(topic).partitions();
  }

  /** A client may stick to a broker that hangs. Another one then asks again. */
  private synchronized <T> T ask(Function<Admin, KafkaFuture<T>> question) {
    long deadline = System.nanoTime() + TIMEOUT.toNanos();
    while (true) {
      if (admin == null) {
        admin = Admin.create(clientProperties());
      }
      try {
        return question.apply(admin).get(2 * CALL_TIMEOUT_MILLIS, TimeUnit.MILLISECONDS);
      } catch (InterruptedException e) {
        throw Processes.interrupted(e);
      } catch (ExecutionException | TimeoutException e) {
        closeAdmin();
        if (System.nanoTime() > deadline) {
          throw new BackendException("The brokers do not answer: " + e, e);
        }
        Processes.sleep();
      }
    }
  }

  private Map<String, Object> clientProperties() {
    return Map.of(
        AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG,
        bootstrapServers(),
        AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG,
        REQUEST_TIMEOUT_MILLIS,
        AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG,
        CALL_TIMEOUT_MILLIS,
        AdminClientConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG,
        500);
  }

  private void closeAdmin() {
    if (admin != null) {
      admin.close(Duration.ZERO);
      admin = null;
    }
  }

  /**
   * Kills all brokers. They could not stop cleanly: the last ones would wait for a majority of the
   * controllers.
   */
  @Override
  public synchronized void close() {
    closeAdmin();
    kill();
  }
}
