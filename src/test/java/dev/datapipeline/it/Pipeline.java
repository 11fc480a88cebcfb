package dev.datapipeline.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.datapipeline.backends.Backends;
import dev.datapipeline.backends.PostgresServer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.function.Executable;

/**
 * A topic, the consumer group of the same name, and the instances of the application that store the
 * topic. Close it.
 */
final class Pipeline implements AutoCloseable {
  /** Long enough for a server to start on a machine that has many other things to do. */
  static final Duration PATIENCE = Duration.ofMinutes(3);

  private static final int FLOW_PER_SECOND = 1000;
  private static final int MAX_REQUEST_BYTES = 4 << 20;

  private final String name;
  private volatile int partitions;
  private final Map<String, String> topicSettings;
  private final Backends backends = TestBackends.get();
  private Database database = new Database(backends.postgres());
  private final String bootstrapServers;
  private final Admin admin;
  private final KafkaProducer<byte[], byte[]> producer;
  private final Map<String, String> settings = new LinkedHashMap<>();
  private final Map<String, Application> instances = new LinkedHashMap<>();

  Pipeline(String name, int partitions) {
    this(name, partitions, Map.of());
  }

  Pipeline(String name, int partitions, Map<String, String> topicSettings) {
    this(name, partitions, topicSettings, TestBackends.get().kafka().bootstrapServers());
  }

  /** Creates a pipeline whose brokers are others than those that the tests share. */
  Pipeline(
      String name, int partitions, Map<String, String> topicSettings, String bootstrapServers) {
    this.name = name;
    this.partitions = partitions;
    this.topicSettings = topicSettings;
    this.bootstrapServers = bootstrapServers;
    admin =
        Admin.create(
            Map.of(
                AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG,
                bootstrapServers,
                AdminClientConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG,
                500));
    producer = newProducer(Map.of());
    createTopic();
  }

  /** Adds a setting for the instances that are created from now on. */
  Pipeline with(String setting, String value) {
    settings.put(setting, value);
    return this;
  }

  Backends backends() {
    return backends;
  }

  Database database() {
    return database;
  }

  /** Looks for the records in the database of another server. */
  Pipeline in(PostgresServer server) {
    database = new Database(server);
    return this;
  }

  Admin admin() {
    return admin;
  }

  String name() {
    return name;
  }

  int partitions() {
    return partitions;
  }

  KafkaProducer<byte[], byte[]> producer() {
    return producer;
  }

  KafkaProducer<byte[], byte[]> newProducer(Map<String, Object> settings) {
    Map<String, Object> all = new HashMap<>();
    all.put(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers);
    all.put(ProducerConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG, 500);
    all.put(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, MAX_REQUEST_BYTES);
    all.put(ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class);
    all.put(ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class);
    all.putAll(settings);
    return new KafkaProducer<>(all);
  }

  /** Sends records and returns when the broker has them. */
  void send(int records) {
    for (int i = 0; i < records; i++) {
      producer.send(
          new ProducerRecord<>(
              name,
              i % partitions,
              null,
              "{\"i\":%d}".formatted(i).getBytes(StandardCharsets.UTF_8)));
    }
    producer.flush();
  }

  /**
   * Executes something while records flow to the topic; returns when the broker has all of them.
   */
  void whileRecordsFlow(Executable what) throws Throwable {
    whileRecordsFlow(producer, what);
  }

  /** The same with another producer. */
  void whileRecordsFlow(Producer<byte[], byte[]> sender, Executable what) throws Throwable {
    Flow flow = new Flow(sender, name, FLOW_PER_SECOND);
    try {
      what.execute();
    } finally {
      flow.close();
    }
  }

  // instances

  /** Returns an instance of the application, which is not started here. */
  Application instance(String suffix) {
    return instances.computeIfAbsent(
        suffix,
        any -> {
          Map<String, String> environment = new LinkedHashMap<>(backends.environment());
          environment.put("KAFKA_BOOTSTRAP_SERVERS", bootstrapServers);
          environment.put("KAFKA_TOPIC", name);
          environment.put("KAFKA_GROUP_ID", name);
          environment.put("PRODUCER_ENABLED", "false");
          environment.putAll(settings);
          return new Application(name + suffix, environment);
        });
  }

  Application instance() {
    return instance("");
  }

  /** Starts an instance unless it runs, and waits until it is ready. */
  Application running() {
    if (!instance().isRunning()) {
      instance().start();
    }
    awaitReady(instance());
    return instance();
  }

  static void awaitReady(Application application) {
    await("ready").atMost(PATIENCE).until(application.health()::ready, "UP"::equals);
  }

  // the topic and its group

  void createTopic() {
    await("topic created")
        .atMost(PATIENCE)
        .ignoreExceptions()
        .untilAsserted(
            () -> {
              NewTopic topic = new NewTopic(name, Optional.of(partitions), Optional.empty());
              get(admin.createTopics(List.of(topic.configs(topicSettings))).all());
            });
  }

  /** Adds a partition to the topic and returns its number. */
  int addPartition() {
    partitions++;
    get(admin.createPartitions(Map.of(name, NewPartitions.increaseTo(partitions))).all());
    return partitions - 1;
  }

  void deleteTopic() {
    get(admin.deleteTopics(List.of(name)).all());
  }

  UUID topicId() {
    Uuid id = get(admin.describeTopics(List.of(name)).allTopicNames()).get(name).topicId();
    return new UUID(id.getMostSignificantBits(), id.getLeastSignificantBits());
  }

  /** Returns the end offset of each partition. */
  Map<Integer, Long> endOffsets() {
    return offsets(OffsetSpec.latest());
  }

  /** Returns the offset of the first record of each partition that was not deleted. */
  Map<Integer, Long> startOffsets() {
    return offsets(OffsetSpec.earliest());
  }

  private Map<Integer, Long> offsets(OffsetSpec which) {
    Map<Integer, Long> offsets = new TreeMap<>();
    list(which).forEach((partition, found) -> offsets.put(partition.partition(), found.offset()));
    return offsets;
  }

  private Map<TopicPartition, ListOffsetsResultInfo> list(OffsetSpec which) {
    return get(
        admin
            .listOffsets(
                topicPartitions().stream()
                    .collect(Collectors.toMap(partition -> partition, any -> which)))
            .all());
  }

  /** Returns whether a partition's leader is an earlier one than what is stored came from. */
  boolean hasFormerLeader() {
    return list(OffsetSpec.latest()).entrySet().stream()
        .anyMatch(
            end ->
                database.number(
                        "SELECT coalesce(max(leader_epoch), -1) FROM topic_partitions"
                            + " WHERE topic_id = ?::uuid AND partition = ? AND ended_at IS NULL",
                        topicId().toString(),
                        end.getKey().partition())
                    > end.getValue().leaderEpoch().orElse(-1));
  }

  /** Deletes the records of partitions that are before an offset. */
  void deleteRecords(Map<Integer, Long> before) {
    Map<TopicPartition, RecordsToDelete> request =
        before.entrySet().stream()
            .collect(
                Collectors.toMap(
                    entry -> new TopicPartition(name, entry.getKey()),
                    entry -> RecordsToDelete.beforeOffset(entry.getValue())));
    get(admin.deleteRecords(request).all());
  }

  /** Returns the sum of the end offsets of all partitions. */
  long end() {
    return endOffsets().values().stream().mapToLong(Long::longValue).sum();
  }

  private List<TopicPartition> topicPartitions() {
    return IntStream.range(0, partitions)
        .mapToObj(partition -> new TopicPartition(name, partition))
        .toList();
  }

  /** Returns how far the stored position is behind the end of the topic, for each partition. */
  Map<Integer, Long> lag() {
    Map<Integer, Long> lag = endOffsets();
    Map<Integer, Long> positions = positions();
    lag.replaceAll((partition, end) -> end - positions.getOrDefault(partition, 0L));
    return lag;
  }

  /** Returns up to which offset each partition of the topic is stored. */
  Map<Integer, Long> positions() {
    return database
        .query(
            "SELECT partition, next_offset FROM topic_partitions"
                + " WHERE topic_id = ?::uuid AND ended_at IS NULL",
            topicId().toString())
        .stream()
        .collect(
            Collectors.toMap(row -> Integer.valueOf(row.get(0)), row -> Long.valueOf(row.get(1))));
  }

  void awaitNoLag() {
    await("lag 0")
        .atMost(PATIENCE)
        .ignoreExceptions()
        .until(() -> lag().values().stream().allMatch(lag -> lag == 0));
  }

  /** Returns the offset that the group has committed for a partition; 0 if there is none. */
  long committed(int partition) {
    OffsetAndMetadata committed =
        get(admin.listConsumerGroupOffsets(name).partitionsToOffsetAndMetadata())
            .get(new TopicPartition(name, partition));
    return committed == null ? 0 : committed.offset();
  }

  /** Resets the group's offsets to the beginning, as soon as the group has no members. */
  void resetGroup() {
    Map<TopicPartition, OffsetAndMetadata> beginning =
        topicPartitions().stream()
            .collect(Collectors.toMap(partition -> partition, any -> new OffsetAndMetadata(0)));
    await("group reset")
        .atMost(PATIENCE)
        .ignoreExceptions()
        .untilAsserted(() -> get(admin.alterConsumerGroupOffsets(name, beginning).all()));
  }

  /** Deletes the group, as soon as it has no members. */
  void deleteGroup() {
    await("group deleted")
        .atMost(PATIENCE)
        .ignoreExceptions()
        .untilAsserted(() -> get(admin.deleteConsumerGroups(List.of(name)).all()));
  }

  // the database

  /** Returns how many records of the topic are stored or dead-lettered. */
  long stored() {
    return new Ledger(database, name).records();
  }

  /** Waits until the application has stored some more records. */
  void awaitProgress(long records) {
    long before = stored();
    await("progress").atMost(PATIENCE).until(() -> stored() >= before + records);
  }

  /**
   * Takes the newest records of each partition out of the database, as a restored backup would.
   * Former incarnations stay.
   *
   * @return up to which offset each partition is stored now
   */
  Map<Integer, Long> restoreEarlierState(double share) {
    String present = "topic_id = '%s' AND ended_at IS NULL".formatted(topicId());
    Map<Integer, Long> positions = new TreeMap<>();
    StringBuilder sql =
        new StringBuilder(
            "DO $$ BEGIN PERFORM FROM topic_partitions WHERE %s ORDER BY id FOR UPDATE;"
                .formatted(present));
    for (List<String> row :
        database.query(
            "SELECT id, partition, greatest(first_offset, floor(next_offset * %s)::bigint)"
                    .formatted(share)
                + " FROM topic_partitions WHERE "
                + present)) {
      positions.put(Integer.valueOf(row.get(1)), Long.valueOf(row.get(2)));
      sql.append(
          """
          DELETE FROM raw_events WHERE topic_partition_id = %1$s AND kafka_offset >= %2$s;
          DELETE FROM dead_letters WHERE topic_partition_id = %1$s AND kafka_offset >= %2$s;
          DELETE FROM absent_offsets WHERE topic_partition_id = %1$s AND first_offset >= %2$s;
          UPDATE absent_offsets SET last_offset = %2$s - 1
          WHERE topic_partition_id = %1$s AND last_offset >= %2$s;
          UPDATE topic_partitions
          SET next_offset = %2$s, last_offset = NULL, last_digest = NULL, leader_epoch = NULL
          WHERE id = %1$s;
          """
              .formatted(row.get(0), row.get(2)));
    }
    database.execute(sql + "END $$");
    return positions;
  }

  /** Returns what the topic contains now. */
  TopicContent content() {
    return new TopicContent(database, bootstrapServers, name, topicId()).readTo(endOffsets());
  }

  /** Waits until everything on the topic is stored, and checks that it is stored exactly once. */
  void assertEverythingStoredExactlyOnce() {
    try (TopicContent content = content()) {
      await("everything stored").atMost(PATIENCE).until(content::isStored);
      assertThat(content.faults()).isEmpty();
      assertThat(content.records()).isPositive();
    }
  }

  static <T> T get(KafkaFuture<T> future) {
    try {
      return future.get(60, TimeUnit.SECONDS);
    } catch (InterruptedException | ExecutionException | TimeoutException e) {
      throw new IllegalStateException("the broker does not answer", e);
    }
  }

  @Override
  public void close() {
    instances.values().forEach(Application::close);
    producer.close(Duration.ofSeconds(10));
    admin.close(Duration.ofSeconds(1));
  }
}
