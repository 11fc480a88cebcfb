package dev.datapipeline.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.datapipeline.backends.KafkaBroker;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/**
 * A broker that loses records: those that are not stored yet are reported, and what takes the
 * offsets of those that are stored is stored, too.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class LostOffsetsIT {
  private static final int SHARED = 300;
  private static final int LOST = 200;
  private static final int NEW = 400;

  private static Pipeline pipeline;

  @BeforeAll
  static void start() {
    pipeline = new Pipeline("lost", 1).with("OPERATOR_PASSWORD", Api.PASSWORD);
  }

  @AfterAll
  static void close() {
    pipeline.close();
  }

  @BeforeEach
  void isRunning() {
    pipeline.running();
  }

  private static KafkaBroker broker() {
    return pipeline.backends().kafka();
  }

  private static Path segment() {
    return broker().data(pipeline.name() + "-0").resolve("00000000000000000000.log");
  }

  /** Sends records and waits until they are stored. */
  private static void store(int records) {
    pipeline.send(records);
    pipeline.awaitNoLag();
  }

  /** Kills the broker and cuts off the end of the log, as a power failure does. */
  private static void loseAllAfter(long bytes) throws IOException {
    broker().kill();
    TestBackends.cutOff(segment(), bytes);
    broker().start();
  }

  private static List<Incarnation> incarnations() {
    return Incarnation.of(pipeline, 0);
  }

  private static List<List<String>> faults() {
    return pipeline
        .database()
        .query(
            "SELECT * FROM offset_audit WHERE topic = ?"
                + " AND (duplicates <> 0 OR unexplained <> 0 OR beyond <> 0)",
            pipeline.name());
  }

  /** Waits until what the log holds from an offset on is stored as one more incarnation. */
  private static void awaitOneMore(List<Incarnation> former, long firstOffset) {
    List<Incarnation> expected = new ArrayList<>(former);
    expected.add(new Incarnation(firstOffset, pipeline.end(), pipeline.end() - firstOffset));
    await()
        .atMost(Pipeline.PATIENCE)
        .untilAsserted(() -> assertThat(incarnations()).isEqualTo(expected));
    assertThat(faults()).isEmpty();
  }

  @Test
  @Order(1)
  void recordsThatTakeTheOffsetsOfStoredOnesAreStoredWhileTheApplicationRuns() throws Exception {
    store(SHARED);
    long bytes = Files.size(segment());
    long cut = pipeline.end();
    store(LOST);
    List<Incarnation> former = incarnations();

    loseAllAfter(bytes);
    pipeline.send(NEW);

    assertThat(pipeline.end()).isGreaterThan(former.get(0).nextOffset());
    awaitOneMore(former, cut);
    await()
        .atMost(Pipeline.PATIENCE)
        .ignoreExceptions()
        .untilAsserted(
            () ->
                assertThat(
                        pipeline
                            .instance()
                            .health()
                            .check("ready", "consumer")
                            .getJsonObject("data")
                            .getInt("logsGoneBack"))
                    .isEqualTo(1));
    assertThat(String.join("\n", pipeline.instance().log()))
        .contains("the log of lost-0 has gone back");
  }

  @Test
  @Order(2)
  void aShorterLogIsNoticedWithoutANewRecord() throws Exception {
    store(SHARED);
    long bytes = Files.size(segment());
    long cut = pipeline.end();
    store(LOST);
    List<Incarnation> former = incarnations();

    loseAllAfter(bytes);

    awaitOneMore(former, cut);
  }

  @Test
  @Order(2)
  void aLogThatIsFilledExactlyUpToTheStoredPositionIsNoticed() throws Exception {
    store(SHARED);
    long bytes = Files.size(segment());
    long cut = pipeline.end();
    store(LOST);
    List<Incarnation> former = incarnations();
    Api api = new Api(pipeline.instance().httpPort());
    api.post("/api/pipeline/consumer/pause", "application/json", "");

    loseAllAfter(bytes);
    pipeline.send(LOST);
    api.post("/api/pipeline/consumer/resume", "application/json", "");

    awaitOneMore(former, cut);
  }

  @Test
  @Tag("long")
  @Order(3)
  void recordsThatTakeTheOffsetsOfStoredOnesAreStoredAfterARestart() throws Exception {
    store(SHARED);
    long bytes = Files.size(segment());
    long cut = pipeline.end();
    store(LOST);
    List<Incarnation> former = incarnations();
    pipeline.instance().stop();

    loseAllAfter(bytes);
    pipeline.send(NEW);
    pipeline.running();

    awaitOneMore(former, cut);
  }

  /**
   * The copy has the group's offsets and the leader epochs of its time, too, and the next leader
   * has the same epoch again.
   */
  @Test
  @Order(4)
  void recordsOfABrokerThatWasRestoredFromACopyAreStored() throws Exception {
    broker().stop();
    Path copy = Files.createTempDirectory(Path.of("target"), "broker");
    TestBackends.copy(broker().data(""), copy);
    broker().start();
    long copied = pipeline.end();
    store(LOST);
    List<Incarnation> former = incarnations();
    pipeline.instance().stop();
    broker().stop();
    TestBackends.delete(broker().data(""));
    TestBackends.copy(copy, broker().data(""));
    TestBackends.delete(copy);
    broker().start();
    pipeline.send(NEW);
    pipeline.running();

    await()
        .atMost(Pipeline.PATIENCE)
        .untilAsserted(() -> assertThat(incarnations()).hasSize(former.size() + 1));
    long firstOffset = incarnations().get(former.size()).firstOffset();
    assertThat(firstOffset).isLessThanOrEqualTo(copied);
    awaitOneMore(former, firstOffset);
  }

  @Test
  @Order(5)
  void recordsThatAreDeletedWhileTheConsumerIsPausedAreReportedAsLost() throws Exception {
    Api api = new Api(pipeline.instance().httpPort());
    long before = pipeline.end();
    api.post("/api/pipeline/consumer/pause", "application/json", "");
    pipeline.send(NEW);
    // what was read before the pause took effect may be stored
    pipeline.instance().stop();
    pipeline.deleteRecords(Map.of(0, before + 100));
    pipeline.running();
    pipeline.send(1);
    pipeline.awaitNoLag();

    List<List<String>> lost =
        pipeline
            .database()
            .query(
                "SELECT first_offset, last_offset, reason FROM lost_offsets WHERE topic = ?",
                pipeline.name());
    assertThat(lost)
        .containsExactly(List.of(Long.toString(before), Long.toString(before + 99), "deleted"));
    assertThat(faults()).isEmpty();
    Api restarted = new Api(pipeline.instance().httpPort());
    assertThat(
            restarted
                .json("/api/losses")
                .getJsonArray("losses")
                .getJsonObject(0)
                .getInt("firstOffset"))
        .isEqualTo((int) before);
    await()
        .atMost(Pipeline.PATIENCE)
        .until(() -> Metrics.of(pipeline.instance()).sum("datapipeline_lost_offsets") == 100);
    assertThat(String.join("\n", pipeline.instance().log()))
        .contains("lost-0: offsets %d to %d are lost (deleted)".formatted(before, before + 99));
  }

  /** The next leader has another epoch, and nothing is left to compare. */
  @Test
  @Order(6)
  void aLogWhoseStoredRecordsWereAllDeletedIsStillTheSame() throws Exception {
    store(1);
    int former = incarnations().size();
    pipeline.deleteRecords(pipeline.endOffsets());
    broker().kill();
    broker().start();
    store(1);

    assertThat(incarnations()).hasSize(former);
    assertThat(faults()).isEmpty();
  }
}
