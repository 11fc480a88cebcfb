package dev.datapipeline.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class PipelineMetricsTest {
  private final RecordingMetrics recorded = new RecordingMetrics();
  private final PipelineMetrics metrics = recorded.pipelineMetrics();

  @Test
  void everyMetricExistsFromTheStart() {
    assertThat(recorded.names())
        .containsExactly(
            "datapipeline_batch_records",
            "datapipeline_batch_retries_total",
            "datapipeline_batch_write_seconds",
            "datapipeline_end_to_end_latency_seconds",
            "datapipeline_http_credentials_refused_total",
            "datapipeline_producer_events_failed_total",
            "datapipeline_producer_events_sent_total",
            "datapipeline_records_dead_lettered_total",
            "datapipeline_records_received_total",
            "datapipeline_records_skipped_total",
            "datapipeline_records_stored_total");
    assertThat(metrics.counts()).isEqualTo(new PipelineMetrics.Counts(0, 0, 0, 0, 0, 0, 0));
  }

  @Test
  void aStoredBatchIsCountedByItsKindsOfRecords() {
    metrics.batchStored(5, 2, 1);
    metrics.batchStored(7, 0, 0);

    assertThat(metrics.counts()).isEqualTo(new PipelineMetrics.Counts(0, 0, 12, 2, 1, 0, 2));
    assertThat(metrics.counts().handled()).isEqualTo(15);
    assertThat(recorded.values("datapipeline_records_stored_total")).containsExactly(5L, 7L);
    assertThat(recorded.values("datapipeline_records_skipped_total")).containsExactly(2L);
    assertThat(recorded.values("datapipeline_records_dead_lettered_total")).containsExactly(1L);
    assertThat(recorded.values("datapipeline_batch_records")).containsExactly(8L, 7L);
  }

  @Test
  void aBatchWithoutRecordsIsATransactionWithoutASize() {
    metrics.batchStored(0, 0, 0);

    assertThat(metrics.counts().batches()).isEqualTo(1);
    assertThat(recorded.values("datapipeline_batch_records")).isEmpty();
  }

  @Test
  void theProducersEventsAreCounted() {
    metrics.eventSent();
    metrics.eventSent();
    metrics.eventsNotSent(3);

    assertThat(metrics.counts()).isEqualTo(new PipelineMetrics.Counts(2, 3, 0, 0, 0, 0, 0));
    assertThat(recorded.values("datapipeline_producer_events_sent_total")).containsExactly(1L, 1L);
    assertThat(recorded.values("datapipeline_producer_events_failed_total")).containsExactly(3L);
  }

  @Test
  void aClockThatIsAheadGivesALatencyOfZero() {
    metrics.visibleAfter(-5);
    metrics.visibleAfter(1500);

    assertThat(recorded.values("datapipeline_end_to_end_latency_seconds"))
        .containsExactly(Duration.ZERO, Duration.ofMillis(1500));
  }

  @Test
  void recentLatenciesAreThoseSinceTheLastCall() {
    metrics.visibleAfter(10);
    assertThat(metrics.recentLatencies().getTotalCount()).isEqualTo(1);
    assertThat(metrics.recentLatencies().getTotalCount()).isZero();
  }

  @Test
  void theTimeOfABatchIsATimersValue() {
    metrics.batchWritten(2_000_000);
    assertThat(recorded.values("datapipeline_batch_write_seconds"))
        .containsExactly(Duration.ofMillis(2));
  }
}
