package dev.datapipeline.http;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReadLimitTest {
  @ParameterizedTest
  @CsvSource({
    "GET,/events",
    "HEAD,/events/",
    "GET,/events/export.csv",
    "GET,/stats",
    "GET,/dead-letters/1",
    "POST,/dead-letters/replay",
    "GET,/unknown"
  })
  void readsAndReplaysAreLimited(String method, String path) {
    assertThat(ReadLimit.queries(method, path)).isTrue();
  }

  @ParameterizedTest
  @CsvSource({"POST,/events", "GET,/pipeline", "POST,/pipeline/consumer/pause", "POST,/operator"})
  void postingAndControllingIsNotLimited(String method, String path) {
    assertThat(ReadLimit.queries(method, path)).isFalse();
  }

  @Test
  void theLiveFeedIsNotLimited() {
    assertThat(ReadLimit.queries("GET", null)).isFalse();
  }
}
