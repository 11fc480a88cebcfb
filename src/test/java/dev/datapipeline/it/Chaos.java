package dev.datapipeline.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.datapipeline.backends.KafkaCluster;
import dev.datapipeline.backends.PostgresServer;
import dev.datapipeline.backends.TcpProxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.awaitility.core.ConditionTimeoutException;

/**
 * Brokers, a database and three instances of the application, whose connections lead through
 * proxies, and the traffic on their topic. Knows what must be in the database. Close it.
 */
final class Chaos implements AutoCloseable {
  static final String TOPIC = "chaos";
  static final int INSTANCES = 3;
  static final int PARTITIONS = 4;

  private static final Duration PATIENCE = Duration.ofMinutes(4);

  /** Each look at the database is a new connection. */
  private static final Duration POLL = Duration.ofMillis(250);

  private static final int MAX_RECORD_BYTES = 1 << 20;
  private static final int MAX_MESSAGE_BYTES = 4 << 20;

  private static final String OF_TOPIC =
      " topic_partition_id IN (SELECT id FROM topic_partitions WHERE topic = '" + TOPIC + "')";

  private final KafkaCluster cluster;
  private final List<TcpProxy> brokerLinks;
  private final Pipeline pipeline;
  private final PostgresServer postgres;
  private final List<TcpProxy> databaseLinks;
  private final List<Application> instances;
  private Traffic traffic;

  /** What each topic of this name has held, the present one last. */
  private final List<TopicContent> contents = new ArrayList<>();

  /** Starts everything but the instances. */
  Chaos(int brokers) {
    cluster = TestBackends.cluster(brokers);
    brokerLinks = cluster.ids().stream().map(id -> TestBackends.proxy(cluster.broker(id))).toList();
    // the one that the tests share
    TestBackends.get().kafka().stop();
    cluster.start();
    pipeline =
        new Pipeline(
            TOPIC,
            PARTITIONS,
            Map.of("max.message.bytes", Integer.toString(MAX_MESSAGE_BYTES)),
            cluster.bootstrapServers());
    pipeline
        .with(
            "KAFKA_BOOTSTRAP_SERVERS",
            brokerLinks.stream()
                .map(link -> "localhost:" + link.port())
                .collect(Collectors.joining(",")))
        .with("CONSUMER_MAX_RECORD_BYTES", Integer.toString(MAX_RECORD_BYTES));
    postgres = pipeline.backends().postgres();
    databaseLinks =
        IntStream.range(0, INSTANCES)
            .mapToObj(any -> new TcpProxy(postgres.host(), postgres.port()))
            .toList();
    instances =
        databaseLinks.stream()
            .map(
                link ->
                    pipeline
                        .with("DB_PORT", Integer.toString(link.port()))
                        .instance(Integer.toString(databaseLinks.indexOf(link) + 1)))
            .toList();
    contents.add(pipeline.content());
    send();
  }

  KafkaCluster cluster() {
    return cluster;
  }

  List<TcpProxy> brokerLinks() {
    return brokerLinks;
  }

  PostgresServer postgres() {
    return postgres;
  }

  Pipeline pipeline() {
    return pipeline;
  }

  List<Application> instances() {
    return instances;
  }

  TcpProxy databaseLink(Application instance) {
    return databaseLinks.get(instances.indexOf(instance));
  }

  Traffic traffic() {
    return traffic;
  }

  TopicContent content() {
    return contents.get(contents.size() - 1);
  }

  // the traffic

  /** Sends records from now on. */
  void send() {
    traffic = new Traffic(pipeline);
  }

  /** Ends the traffic, and waits until all that was sent is stored. */
  void calm() {
    traffic.close();
    assertThat(faults()).as("before the fault").isEmpty();
  }

  /** Notes that the topic is another one now, which is empty. */
  void isNewTopic() {
    TopicContent former = content();
    former.close();
    await("another topic")
        .atMost(PATIENCE)
        .ignoreExceptions()
        .until(
            () -> {
              TopicContent content = pipeline.content();
              if (content.isOfSameTopic(former)) {
                content.close();
                return false;
              }
              return contents.add(content);
            });
  }

  /** Notes what the topic holds, after its logs may have gone back. */
  void mayHaveGoneBack() {
    try (TopicContent now = pipeline.content()) {
      content().goesOnAs(now);
    }
  }

  // the verdict

  /** Waits until everything on the topic is stored, and returns what is wrong with it. */
  List<String> faults() {
    try {
      content().readTo(pipeline.endOffsets());
      await().pollInterval(POLL).atMost(PATIENCE).until(content()::isStored);
    } catch (ConditionTimeoutException e) {
      return List.of("not stored within " + PATIENCE);
    }
    List<String> faults = new ArrayList<>(content().faults());
    pipeline
        .database()
        .query(
            "SELECT * FROM offset_audit WHERE topic IS NULL"
                + " OR topic = ? AND (duplicates <> 0 OR unexplained <> 0 OR beyond <> 0)",
            TOPIC)
        .forEach(row -> faults.add("sql/verify.sql shows " + row));
    long innocent =
        pipeline
            .database()
            .number(
                "SELECT count(*) FROM dead_letters WHERE (key IS NULL OR convert_from(key, 'UTF8')"
                    + " NOT IN (?, ?)) AND"
                    + OF_TOPIC,
                TopicContent.POISON,
                TopicContent.TOO_LARGE);
    if (innocent > 0) {
      faults.add(innocent + " good records are dead letters");
    }
    return faults;
  }

  /** Returns what is wrong when the traffic has ended, with the former topics, too. */
  List<String> faultsAtTheEnd() {
    traffic.close();
    List<String> faults = new ArrayList<>(faults());
    contents.forEach(content -> faults.addAll(content.faults()));
    pipeline.awaitNoLag();
    instances.stream().filter(Application::isRunning).forEach(Pipeline::awaitReady);
    return faults;
  }

  /** Returns the number of records that were read from the topics. */
  long records() {
    return contents.stream().mapToLong(TopicContent::records).sum();
  }

  /** Returns how many logs have gone back. */
  long goneBack() {
    return contents.stream().mapToLong(TopicContent::goneBack).sum();
  }

  int topics() {
    return contents.size();
  }

  long rows() {
    return count("raw_events");
  }

  long deadLetters() {
    return count("dead_letters");
  }

  private long count(String table) {
    return pipeline.database().number("SELECT count(*) FROM %s WHERE".formatted(table) + OF_TOPIC);
  }

  long absentOffsets() {
    return sum("absent");
  }

  long lostOffsets() {
    return sum("lost");
  }

  private long sum(String column) {
    return pipeline
        .database()
        .number(
            "SELECT coalesce(sum(%s), 0)::bigint FROM offset_audit WHERE topic = ?"
                .formatted(column),
            TOPIC);
  }

  @Override
  public void close() {
    pipeline.close();
    contents.forEach(TopicContent::close);
    brokerLinks.forEach(TcpProxy::close);
    databaseLinks.forEach(TcpProxy::close);
    cluster.close();
  }
}
