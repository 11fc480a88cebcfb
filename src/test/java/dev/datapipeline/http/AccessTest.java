package dev.datapipeline.http;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AccessTest {
  @Test
  void aRequestWithoutOriginIsNotFromAnotherSite() {
    assertThat(Access.isFromAnotherSite(null, "localhost:9080")).isFalse();
  }

  @Test
  void aRequestOfThisSitesPageIsNotFromAnotherSite() {
    assertThat(Access.isFromAnotherSite("http://localhost:9080", "localhost:9080")).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"http://evil.example", "http://localhost:8080", "http://localhost", "null", "{"})
  void anyOtherOriginIsAnotherSite(String origin) {
    assertThat(Access.isFromAnotherSite(origin, "localhost:9080")).isTrue();
    assertThat(Access.isFromAnotherSite(origin, null)).isTrue();
  }
}
