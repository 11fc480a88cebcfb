package dev.datapipeline.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.datapipeline.backends.KafkaBroker;
import dev.datapipeline.backends.KafkaCluster;
import dev.datapipeline.broker.Broker;
import dev.datapipeline.broker.BrokerUnavailableException;
import dev.datapipeline.broker.KafkaClients;
import dev.datapipeline.broker.KafkaTopicLog;
import dev.datapipeline.broker.TopicLog.PartitionReader;
import dev.datapipeline.config.ConsumerConfig;
import dev.datapipeline.config.KafkaConfig;
import dev.datapipeline.record.LogMark;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Three brokers that replicate the topics: leaders that move, hang, end, or lack records. */
class BrokersIT {
  private static final int BROKERS = 3;
  private static final int PARTITIONS = 3;

  private static final int SHARED = 100;
  private static final int LOST = 200;

  /** A producer that soon turns away from a broker that hangs. */
  private static final Map<String, Object> IMPATIENT =
      Map.of(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, 5_000);

  private static KafkaCluster cluster;
  private static Pipeline pipeline;

  /** A topic with two replicas, of which an out-of-date one may become the leader. */
  private static Pipeline unclean;

  @BeforeAll
  static void start() {
    cluster = TestBackends.startCluster(BROKERS);
    pipeline =
        new Pipeline("brokers", PARTITIONS, Map.of(), cluster.bootstrapServers())
            .with("SOURCE_SENSOR_TOPIC", "unclean");
    unclean =
        new Pipeline(
            "unclean",
            PARTITIONS,
            Map.of("unclean.leader.election.enable", "true", "min.insync.replicas", "1"),
            cluster.bootstrapServers());
    partitions(unclean).forEach(partition -> cluster.assign(partition, List.of(1, 2)));
  }

  @AfterAll
  static void close() {
    pipeline.close();
    unclean.close();
    cluster.close();
  }

  @BeforeEach
  void isRunning() {
    cluster.start();
    cluster.awaitInSync(pipeline.name());
    cluster.awaitInSync(unclean.name());
    pipeline.running();
  }

  private static Stream<TopicPartition> partitions(Pipeline topic) {
    return IntStream.range(0, PARTITIONS)
        .mapToObj(partition -> new TopicPartition(topic.name(), partition));
  }

  @Test
  void aLeaderThatIsKilledLosesAndDuplicatesNothing() throws Throwable {
    TopicPartition partition = new TopicPartition(pipeline.name(), 0);
    int leader = cluster.leader(partition);
    pipeline.whileRecordsFlow(
        () -> {
          awaitProgress(partition);
          cluster.broker(leader).kill();
          try {
            awaitLeaderOtherThan(leader, partition);
            awaitProgress(partition);
            Pipeline.awaitReady(pipeline.instance());
          } finally {
            cluster.broker(leader).start();
          }
          cluster.awaitInSync(pipeline.name());
          awaitProgress(partition);
        });

    assertStoredOnce();
  }

  /** The next leader writes with another epoch, but what it holds is the same. */
  @Test
  void aLeaderThatMovesBeginsNoNewIncarnation() throws Throwable {
    pipeline.send(PARTITIONS);
    pipeline.awaitNoLag();
    Map<TopicPartition, Long> epochs = new HashMap<>();
    partitions(pipeline).forEach(partition -> epochs.put(partition, epoch(partition)));
    pipeline.whileRecordsFlow(
        () -> {
          for (int moves = 0; moves < 2; moves++) {
            for (TopicPartition partition : epochs.keySet()) {
              awaitProgress(partition);
              cluster.lead(partition, cluster.leader(partition) % BROKERS + 1);
            }
          }
          partitions(pipeline).forEach(BrokersIT::awaitProgress);
        });

    assertStoredOnce();
    epochs.forEach((partition, epoch) -> assertThat(epoch(partition)).isGreaterThan(epoch));
  }

  /** Returns the leader epoch of the last record that is stored. */
  private static long epoch(TopicPartition partition) {
    return number("leader_epoch", partition);
  }

  /**
   * It leads a partition and follows others. When it resumes, it still takes itself for the leader.
   */
  @Test
  void aBrokerThatHangsLosesAndDuplicatesNothing() throws Throwable {
    TopicPartition led = new TopicPartition(pipeline.name(), 0);
    int hanging = cluster.leader(led);
    partitions(pipeline)
        .filter(partition -> !partition.equals(led) && cluster.leader(partition) == hanging)
        .forEach(partition -> cluster.lead(partition, hanging % BROKERS + 1));
    try (Producer<byte[], byte[]> producer = pipeline.newProducer(IMPATIENT)) {
      pipeline.whileRecordsFlow(
          producer,
          () -> {
            partitions(pipeline).forEach(BrokersIT::awaitProgress);
            cluster.broker(hanging).pause();
            try {
              partitions(pipeline).forEach(partition -> awaitOutOfSync(hanging, partition));
              awaitLeaderOtherThan(hanging, led);
              partitions(pipeline).forEach(BrokersIT::awaitProgress);
            } finally {
              cluster.broker(hanging).resume();
            }
            cluster.awaitInSync(pipeline.name());
            partitions(pipeline).forEach(BrokersIT::awaitProgress);
          });
    }

    assertStoredOnce();
  }

  /**
   * A network that is split: only the former leader of a partition can be reached, and it doesn't
   * know that another one has gone on without it. Its log lacks what is stored.
   */
  @Test
  void aFormerLeaderIsNoEvidenceOfALogThatWentBack() throws Throwable {
    TopicPartition partition = new TopicPartition(pipeline.name(), 0);
    int former = cluster.leader(partition);
    List<KafkaBroker> others =
        cluster.ids().stream().filter(id -> id != former).map(cluster::broker).toList();
    cluster.broker(former).pause();
    try {
      awaitLeaderOtherThan(former, partition);
      long before = number("next_offset", partition);
      send(pipeline, 0, "other", SHARED);
      await("stored")
          .atMost(Pipeline.PATIENCE)
          .until(() -> number("next_offset", partition) == before + SHARED);
      others.forEach(KafkaBroker::pause);
    } finally {
      cluster.broker(former).resume();
    }
    try (PartitionReader reader = reader(cluster.broker(former), partition)) {
      LogMark mark = mark(partition);
      assertThatThrownBy(() -> reader.divergence(mark, mark.offset() + 1))
          .isInstanceOf(BrokerUnavailableException.class)
          .hasMessageContaining("only one of an earlier epoch");
    } finally {
      others.forEach(KafkaBroker::resume);
    }
    cluster.awaitInSync(pipeline.name());
    send(pipeline, 0, "again", SHARED);

    assertStoredOnce();
  }

  /** Returns a reader of the application that knows only one of the brokers. */
  private static PartitionReader reader(KafkaBroker broker, TopicPartition partition) {
    KafkaConfig kafka =
        new KafkaConfig(
            broker.bootstrapServers(),
            partition.topic(),
            List.of(partition.topic()),
            "reader",
            PARTITIONS,
            BROKERS,
            IsolationLevel.READ_COMMITTED,
            Map.of());
    ConsumerConfig consumer = new ConsumerConfig(true, 1, 1, 1, 1, 1 << 20, Duration.ofSeconds(30));
    KafkaClients clients = new KafkaClients(kafka, consumer);
    return new KafkaTopicLog(kafka, consumer, clients, new Broker(kafka, clients))
        .reader(partition);
  }

  /** Returns what the database has noted of the last record of a partition. */
  private static LogMark mark(TopicPartition partition) {
    List<String> row =
        pipeline
            .database()
            .query(
                "SELECT last_offset, last_digest, leader_epoch FROM topic_partitions"
                    + " WHERE topic = ? AND partition = ?",
                partition.topic(),
                partition.partition())
            .get(0);
    return new LogMark(
        Long.parseLong(row.get(0)), UUID.fromString(row.get(1)), Integer.parseInt(row.get(2)));
  }

  @Test
  @Tag("long")
  void aRollingRestartLosesAndDuplicatesNothing() throws Throwable {
    Application second = pipeline.instance("2");
    second.start();
    Pipeline.awaitReady(second);
    try {
      pipeline.whileRecordsFlow(
          () -> {
            for (int id : cluster.ids()) {
              pipeline.awaitProgress(500);
              cluster.broker(id).stop();
              pipeline.awaitProgress(500);
              cluster.broker(id).start();
              cluster.awaitInSync(pipeline.name());
            }
            partitions(pipeline).forEach(BrokersIT::awaitProgress);
          });

      assertStoredOnce();
      Pipeline.awaitReady(second);
    } finally {
      second.kill();
    }
  }

  /**
   * The new log ends before the stored position, behind it, and exactly there; then no further
   * record shows the difference.
   */
  @Test
  void whatALeaderHoldsThatLacksStoredRecordsIsStoredAsANewIncarnation() {
    Map<Integer, Integer> records = Map.of(0, LOST / 2, 1, 2 * LOST, 2, LOST);
    KafkaBroker leader = cluster.broker(1);
    KafkaBroker follower = cluster.broker(2);
    partitions(unclean).forEach(partition -> cluster.lead(partition, 1));
    records.keySet().forEach(partition -> send(unclean, partition, "shared", SHARED));
    follower.stop();
    partitions(unclean).forEach(partition -> awaitOutOfSync(2, partition));
    records.keySet().forEach(partition -> send(unclean, partition, "lost", LOST));
    unclean.awaitNoLag();
    List<Incarnation> former = Incarnation.of(unclean, 0);
    assertThat(former).containsExactly(new Incarnation(0, SHARED + LOST, SHARED + LOST));

    leader.kill();
    follower.start();
    partitions(unclean).forEach(partition -> cluster.leadUncleanly(partition, 2));
    records.forEach((partition, count) -> send(unclean, partition, "new", count));
    leader.start();

    records.forEach(
        (partition, count) -> {
          List<Incarnation> expected = new ArrayList<>(former);
          expected.add(new Incarnation(SHARED, SHARED + count, count));
          await()
              .atMost(Pipeline.PATIENCE)
              .untilAsserted(
                  () -> assertThat(Incarnation.of(unclean, partition)).isEqualTo(expected));
        });
    assertThat(
            unclean
                .database()
                .query(
                    Database.ofTopic(
                        "SELECT payload->>'phase', count(*) FROM own GROUP BY 1 ORDER BY 1"),
                    unclean.name()))
        .containsExactly(
            List.of("lost", Integer.toString(PARTITIONS * LOST)),
            List.of("new", Integer.toString(LOST / 2 + 2 * LOST + LOST)),
            List.of("shared", Integer.toString(PARTITIONS * SHARED)));
    assertThat(
            unclean
                .database()
                .query(
                    "SELECT incarnation, count(*) FROM offset_audit WHERE topic = ?"
                        + " AND duplicates = 0 AND unexplained = 0 AND beyond = 0 AND lost = 0"
                        + " GROUP BY 1 ORDER BY 1",
                    unclean.name()))
        .containsExactly(
            List.of("0", Integer.toString(PARTITIONS)), List.of("1", Integer.toString(PARTITIONS)));
    assertReported();
    Pipeline.awaitReady(pipeline.instance());
  }

  private static void assertReported() {
    String log = String.join("\n", pipeline.instance().log());
    partitions(unclean)
        .forEach(
            partition -> assertThat(log).contains("the log of " + partition + " has gone back"));
    await()
        .atMost(Pipeline.PATIENCE)
        .ignoreExceptions()
        .untilAsserted(
            () -> {
              assertThat(
                      pipeline
                          .instance()
                          .health()
                          .check("ready", "consumer")
                          .getJsonObject("data")
                          .getInt("logsGoneBack"))
                  .isEqualTo(PARTITIONS);
              assertThat(Metrics.of(pipeline.instance()).sum("datapipeline_logs_gone_back"))
                  .isEqualTo(PARTITIONS);
            });
  }

  /**
   * Sends records with a producer of its own: another leader would refuse those of a producer whose
   * last records it lacks.
   */
  private static void send(Pipeline topic, int partition, String phase, int records) {
    try (Producer<byte[], byte[]> producer = topic.newProducer(IMPATIENT)) {
      for (int i = 0; i < records; i++) {
        byte[] value =
            "{\"phase\":\"%s\",\"i\":%d}".formatted(phase, i).getBytes(StandardCharsets.UTF_8);
        producer.send(new ProducerRecord<>(topic.name(), partition, null, value));
      }
      producer.flush();
    }
  }

  private static void awaitLeaderOtherThan(int former, TopicPartition partition) {
    await("another leader")
        .atMost(Pipeline.PATIENCE)
        .until(() -> cluster.leader(partition), leader -> leader > 0 && leader != former);
  }

  private static void awaitOutOfSync(int broker, TopicPartition partition) {
    await("out of sync")
        .atMost(Pipeline.PATIENCE)
        .until(() -> !cluster.inSync(partition).contains(broker));
  }

  /** Waits until some more records of a partition are stored. */
  private static void awaitProgress(TopicPartition partition) {
    long before = number("next_offset", partition);
    await("progress of " + partition)
        .atMost(Pipeline.PATIENCE)
        .until(() -> number("next_offset", partition) >= before + 200);
  }

  private static long number(String column, TopicPartition partition) {
    return pipeline
        .database()
        .number(
            "SELECT coalesce(max(%s), 0) FROM topic_partitions WHERE topic = ? AND partition = ?"
                .formatted(column),
            partition.topic(),
            partition.partition());
  }

  /** Checks that the pipeline has recovered, and that none of its logs is taken for another. */
  private static void assertStoredOnce() {
    pipeline.assertEverythingStoredExactlyOnce();
    assertThat(new Ledger(pipeline.database(), pipeline.name()).faults()).isEmpty();
    assertThat(
            pipeline
                .database()
                .number(
                    "SELECT count(*) FROM topic_partitions WHERE topic = ? AND incarnation > 0",
                    pipeline.name()))
        .isZero();
    Pipeline.awaitReady(pipeline.instance());
    assertThat(pipeline.instance().health().live()).isEqualTo("UP");
  }
}
