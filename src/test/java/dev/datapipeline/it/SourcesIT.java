package dev.datapipeline.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jakarta.json.JsonObject;
import java.io.IOException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Several sources run at once, two of them with topics of their own. */
class SourcesIT {
  private static Pipeline pipeline;

  @BeforeAll
  static void start() {
    pipeline =
        new Pipeline("sources", 2)
            .with("PRODUCER_ENABLED", "true")
            .with("PRODUCER_SOURCE", "sensor,weblog,host")
            .with("PRODUCER_INTERVAL", "PT0.2S")
            .with("PRODUCER_EVENTS_PER_TICK", "10")
            .with("SOURCE_WEBLOG_TOPIC", "sources_weblog")
            .with("SOURCE_HOST_TOPIC", "sources_host")
            .with("SOURCE_HOST_INTERVAL", "PT0.5S");
    pipeline.running();
  }

  @AfterAll
  static void close() {
    pipeline.close();
  }

  private static long rows(String topic, String condition) {
    return pipeline
        .database()
        .number(Database.ofTopic("SELECT count(*) FROM own WHERE " + condition), topic);
  }

  @Test
  void eachSourceGoesToItsTopicAndAllAreStored() {
    await()
        .atMost(Pipeline.PATIENCE)
        .until(
            () ->
                rows("sources", "payload->>'sensor' IS NOT NULL") > 20
                    && rows("sources_weblog", "(payload->>'status')::int >= 200") > 20
                    && rows("sources_host", "payload->'memory'->>'total_bytes' IS NOT NULL") > 3);

    assertThat(rows("sources", "payload->>'sensor' IS NULL")).isZero();
    assertThat(rows("sources_weblog", "payload->>'session' IS NULL")).isZero();
    assertThat(rows("sources_host", "payload->>'cpu' IS NULL")).isZero();
  }

  @Test
  void healthNamesSourcesAndTopics() throws IOException {
    JsonObject producer =
        pipeline.instance().health().check("ready", "producer").getJsonObject("data");
    JsonObject broker = pipeline.instance().health().check("ready", "broker").getJsonObject("data");

    assertThat(producer.getString("source")).isEqualTo("sensor, weblog, host");
    assertThat(producer.getString("paused")).isEmpty();
    assertThat(broker.getString("topic")).isEqualTo("sources, sources_weblog, sources_host");
    assertThat(broker.getInt("partitions")).isGreaterThan(2);
  }

  @Test
  void aKillLosesAndDuplicatesNothingOnAnyTopic() {
    long before = rows("sources_weblog", "true");
    pipeline.instance().kill();
    pipeline.running();
    await().atMost(Pipeline.PATIENCE).until(() -> rows("sources_weblog", "true") > before + 20);

    for (String topic : new String[] {"sources", "sources_weblog", "sources_host"}) {
      assertThat(new Ledger(pipeline.database(), topic).faults()).as(topic).isEmpty();
    }
  }
}
