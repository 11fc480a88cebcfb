package dev.datapipeline.it;

import static org.awaitility.Awaitility.await;

import dev.datapipeline.backends.KafkaCluster;
import dev.datapipeline.it.ChaosFaults.Action;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;

/**
 * The faults of {@link ChaosIT} by which positions and logs are replaced, or records are lost. They
 * tell {@link Chaos} what the database must hold then.
 */
final class ChaosLogFaults {
  private final ChaosFaults faults;
  private final Chaos chaos;
  private final Random random;
  private final Pipeline pipeline;
  private final KafkaCluster cluster;

  ChaosLogFaults(ChaosFaults faults, Chaos chaos, Random random) {
    this.faults = faults;
    this.chaos = chaos;
    this.random = random;
    pipeline = chaos.pipeline();
    cluster = chaos.cluster();
  }

  /** Returns the faults by name. */
  Map<String, Action> all() {
    Map<String, Action> all = new LinkedHashMap<>();
    all.put("the group is reset or deleted", this::resetGroup);
    all.put("the database is put back", this::putDatabaseBack);
    all.put("stored records are deleted", this::deleteStored);
    all.put("records are deleted before they are stored", this::deleteUnstored);
    all.put("the topic is deleted and created again", this::recreateTopic);
    all.put("the logs lose their end", this::cutLogs);
    all.put("the brokers are restored from a copy", this::restoreBrokers);
    if (cluster.ids().size() > 1) {
      all.put("an out-of-date replica becomes the leader", this::electUncleanly);
    }
    return all;
  }

  // positions

  private String resetGroup() {
    faults.stopEveryInstance();
    if (random.nextBoolean()) {
      pipeline.resetGroup();
      return "stopped every instance, and reset the group to the beginning";
    }
    pipeline.deleteGroup();
    return "stopped every instance, and deleted the group";
  }

  /** What was deleted from the topic meanwhile can't be stored again. */
  private String putDatabaseBack() {
    double share = 0.5 + random.nextDouble() / 2;
    Map<Integer, Long> starts = pipeline.startOffsets();
    Map<Integer, Long> positions = pipeline.restoreEarlierState(share);
    long lost = loseUpTo(starts, positions);
    return String.format(
        Locale.ROOT, "put the database back by %.0f %%; lost %d", 100 * (1 - share), lost);
  }

  /** Notes as lost what is not stored and no longer in the topic, and returns how much it is. */
  private long loseUpTo(Map<Integer, Long> starts, Map<Integer, Long> positions) {
    long lost = 0;
    for (Map.Entry<Integer, Long> position : positions.entrySet()) {
      long start = starts.get(position.getKey());
      if (position.getValue() < start) {
        chaos.content().lost(position.getKey(), position.getValue(), start);
        lost += start - position.getValue();
      }
    }
    return lost;
  }

  private String deleteStored() {
    Map<Integer, Long> before = pipeline.positions();
    chaos.content().readTo(pipeline.endOffsets());
    before.replaceAll((partition, position) -> (long) (position * random.nextDouble()));
    Map<Integer, Long> starts = pipeline.startOffsets();
    before.keySet().removeIf(partition -> before.get(partition) <= starts.get(partition));
    pipeline.deleteRecords(before);
    return "deleted stored records before " + before;
  }

  /** Ends those of instances that are gone; a faulty link may have kept them open. */
  private void endSessions() {
    await("no more sessions")
        .atMost(Pipeline.PATIENCE)
        .until(
            () ->
                pipeline
                        .database()
                        .number(
                            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                                + " WHERE usename = current_user AND pid <> pg_backend_pid()")
                    == 0);
  }

  private String deleteUnstored() throws Exception {
    if (random.nextBoolean()) {
      faults.stopEveryInstance();
    } else {
      faults.running().forEach(Application::kill);
    }
    Thread.sleep(random.nextInt(2_000));
    endSessions();
    Map<Integer, Long> ends = pipeline.endOffsets();
    chaos.content().readTo(ends);
    Map<Integer, Long> positions = pipeline.positions();
    Map<Integer, Long> before = new TreeMap<>();
    // what was deleted before the application has seen a partition doesn't count
    positions.forEach(
        (partition, position) ->
            before.put(
                partition,
                position + (long) ((ends.get(partition) - position) * random.nextDouble())));
    pipeline.deleteRecords(before);
    return "stopped every instance, and deleted %d records that are not stored"
        .formatted(loseUpTo(before, positions));
  }

  // logs that are replaced

  private String recreateTopic() {
    chaos.calm();
    boolean stopped = random.nextBoolean();
    if (stopped) {
      faults.stopEveryInstance();
    }
    pipeline.deleteTopic();
    pipeline.createTopic();
    chaos.isNewTopic();
    chaos.send();
    return "deleted the topic and created it again"
        + (stopped ? ", while every instance was stopped" : "");
  }

  /**
   * Sends records that will be lost, waits until they are stored, and may stop the instances. Only
   * another leader epoch tells one record that is too large from another.
   */
  private String storeDoomed(boolean stop, boolean otherEpoch) throws InterruptedException {
    chaos.send();
    if (random.nextBoolean()) {
      chaos.traffic().sendToEach(otherEpoch && random.nextBoolean());
      Thread.sleep(random.nextInt(1_000));
    } else {
      Thread.sleep(random.nextInt(1_000));
      chaos.traffic().sendToEach(otherEpoch && random.nextBoolean());
    }
    chaos.calm();
    if (stop) {
      faults.stopEveryInstance();
      return ", while every instance was stopped";
    }
    return "";
  }

  /** All brokers lose their power, and the end of what they had not yet written to disk. */
  private String cutLogs() throws Exception {
    chaos.calm();
    cluster.awaitInSync(Chaos.TOPIC);
    Map<Path, Long> sizes = new HashMap<>();
    for (int id : cluster.ids()) {
      for (int partition = 0; partition < pipeline.partitions(); partition++) {
        if (random.nextInt(4) > 0) {
          Path segment = segment(id, partition);
          sizes.put(segment, Files.size(segment));
        }
      }
    }
    String stopped = storeDoomed(random.nextBoolean(), true);
    cluster.kill();
    for (Map.Entry<Path, Long> size : sizes.entrySet()) {
      TestBackends.cutOff(size.getKey(), size.getValue());
    }
    cluster.start();
    chaos.send();
    return goneBack("cut off the end of the logs") + stopped;
  }

  /** Returns the last file of a partition's log. */
  private Path segment(int broker, int partition) throws IOException {
    Path directory = cluster.broker(broker).data(Chaos.TOPIC + "-" + partition);
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .filter(file -> file.toString().endsWith(".log"))
          .max(Comparator.naturalOrder())
          .orElseThrow();
    }
  }

  private String goneBack(String what) {
    long before = chaos.goneBack();
    cluster.awaitInSync(Chaos.TOPIC);
    chaos.mayHaveGoneBack();
    return "%s; %d have gone back".formatted(what, chaos.goneBack() - before);
  }

  /** The copy is as old as a crash would leave it. */
  private String restoreBrokers() throws Exception {
    chaos.calm();
    Path copies = TestBackends.DIRECTORY.resolve("copies");
    cluster.kill();
    for (int id : cluster.ids()) {
      TestBackends.copy(cluster.broker(id).data(""), copies.resolve(Integer.toString(id)));
    }
    cluster.start();
    String stopped = storeDoomed(true, false);
    cluster.kill();
    for (int id : cluster.ids()) {
      TestBackends.delete(cluster.broker(id).data(""));
      TestBackends.copy(copies.resolve(Integer.toString(id)), cluster.broker(id).data(""));
    }
    TestBackends.delete(copies);
    cluster.start();
    // otherwise it takes minutes until the application believes these leaders
    while (pipeline.hasFormerLeader()) {
      cluster.kill();
      cluster.start();
    }
    chaos.send();
    return goneBack("restored the brokers from a copy") + stopped;
  }

  /** Two replicas; one lacks records when the other one ends. */
  private String electUncleanly() throws Exception {
    chaos.calm();
    TopicPartition partition = faults.anyPartition();
    int leader = faults.anyBroker();
    int behind = leader % cluster.ids().size() + 1;
    cluster.assign(partition, List.of(leader, behind));
    configure("min.insync.replicas", "1");
    cluster.broker(behind).stop();
    await("out of sync")
        .atMost(Pipeline.PATIENCE)
        .until(() -> !cluster.inSync(partition).contains(behind));
    chaos.send();
    chaos.traffic().sendToEach(random.nextBoolean());
    chaos.calm();
    cluster.broker(leader).kill();
    cluster.broker(behind).start();
    cluster.leadUncleanly(partition, behind);
    chaos.send();
    cluster.broker(leader).start();
    cluster.assign(partition, cluster.ids().stream().sorted(Comparator.reverseOrder()).toList());
    configure("min.insync.replicas", "2");
    return goneBack("made broker %d the leader of %s uncleanly".formatted(behind, partition));
  }

  private void configure(String setting, String value) {
    Pipeline.get(
        pipeline
            .admin()
            .incrementalAlterConfigs(
                Map.of(
                    new ConfigResource(ConfigResource.Type.TOPIC, Chaos.TOPIC),
                    List.of(
                        new AlterConfigOp(
                            new ConfigEntry(setting, value), AlterConfigOp.OpType.SET))))
            .all());
  }
}
