package dev.datapipeline.config;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LogTextTest {

  @Test
  void textBecomesOneLineOfBoundedLength() {
    assertThat(LogText.oneLine("a\r\nb\u2028c\0d ")).isEqualTo("a b c d");
    assertThat(LogText.oneLine("x".repeat(1000))).hasSize(301).endsWith("…");
    assertThat(LogText.oneLine(null)).isEqualTo("null");
  }

  @Test
  void theReasonIsThatOfTheInnermostCauseWithAMessage() {
    Exception failure =
        new RuntimeException(
            "outer", new IllegalStateException("inner\nline", new RuntimeException()));

    assertThat(LogText.reason(failure)).isEqualTo("IllegalStateException: inner line");
  }
}
