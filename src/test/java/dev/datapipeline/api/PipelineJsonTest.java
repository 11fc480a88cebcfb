package dev.datapipeline.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.datapipeline.metrics.PipelineMetrics;
import dev.datapipeline.producer.SourceState;
import dev.datapipeline.storage.read.EventReader;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The JSON that docs/api.md shows. */
class PipelineJsonTest {
  @Test
  void aSourceIsDescribedWithoutWhatIsUnknown() {
    SourceState state =
        new SourceState(
            "sensor",
            "sensor_data",
            Duration.ofSeconds(1),
            5,
            true,
            10,
            2,
            Optional.empty(),
            Optional.empty());

    assertThat(PipelineDescription.json(state).build())
        .hasToString(
            "{\"name\":\"sensor\",\"topic\":\"sensor_data\",\"interval\":\"PT1S\",\"eventsPerTick\":5,"
                + "\"paused\":true,\"sent\":10,\"notSent\":2}");
  }

  @Test
  void aSourceIsDescribedWithItsLastTickAndError() {
    SourceState state =
        new SourceState(
            "sensor",
            "sensor_data",
            Duration.ofMillis(100),
            1,
            false,
            0,
            0,
            Optional.of(Instant.parse("2026-01-15T10:17:17.817Z")),
            Optional.of("no broker"));

    assertThat(PipelineDescription.json(state).build().toString())
        .contains("\"interval\":\"PT0.1S\"")
        .endsWith("\"lastTick\":\"2026-01-15T10:17:17.817Z\",\"lastError\":\"no broker\"}");
  }

  @Test
  void countersAndTotalsAreNamedAsDocumented() {
    assertThat(PipelineNumbers.sinceStart(new PipelineMetrics.Counts(1, 2, 3, 4, 5, 6, 7)))
        .hasToString(
            "{\"sent\":1,\"notSent\":2,\"stored\":3,\"skipped\":4,\"deadLettered\":5,\"retries\":6}");
    assertThat(PipelineNumbers.database(new EventReader.Total(1500, false), 1))
        .hasToString("{\"events\":1500,\"estimated\":false,\"deadLetters\":1}");
  }

  @Test
  void ratesAreRoundedToOneDecimalPlace() {
    assertThat(PipelineNumbers.rounded(0.25)).isEqualTo(0.3);
    assertThat(PipelineNumbers.rounded(1234.04)).isEqualTo(1234.0);
  }
}
