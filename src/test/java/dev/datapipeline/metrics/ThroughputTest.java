package dev.datapipeline.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ThroughputTest {
  private final PipelineMetrics metrics = new RecordingMetrics().pipelineMetrics();
  private long nanos;
  private final Throughput throughput = new Throughput(metrics, () -> nanos);

  private void sampleAfter(int seconds) {
    nanos += TimeUnit.SECONDS.toNanos(seconds);
    throughput.sample();
  }

  @Test
  void withoutTwoSamplesTheRateIsZero() {
    assertThat(throughput.rate()).isEqualTo(new Throughput.Rate(0, 0));
    throughput.sample();
    assertThat(throughput.rate()).isEqualTo(new Throughput.Rate(0, 0));
  }

  @Test
  void theRateIsAnAverageSinceTheStart() {
    throughput.sample();
    metrics.eventSent();
    metrics.batchStored(8, 3, 1);
    sampleAfter(4);
    assertThat(throughput.rate()).isEqualTo(new Throughput.Rate(0.25, 2));
  }

  @Test
  void onlyTheLastTenSecondsCount() {
    throughput.sample();
    metrics.batchStored(1000, 0, 0);
    sampleAfter(1);
    for (int second = 0; second < 10; second++) {
      metrics.batchStored(5, 0, 0);
      sampleAfter(1);
    }
    assertThat(throughput.rate().stored()).isEqualTo(5);
  }
}
