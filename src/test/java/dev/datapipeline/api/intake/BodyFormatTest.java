package dev.datapipeline.api.intake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

class BodyFormatTest {
  @ParameterizedTest
  @CsvSource({
    "application/json, JSON",
    "Application/JSON; charset=utf-8, JSON",
    "application/json;charset=\"UTF-8\", JSON",
    "application/json;charset=utf8, JSON",
    "application/x-ndjson, LINES",
    "application/ndjson, LINES",
    "application/jsonl, LINES",
    "application/cloudevents+json, CLOUD_EVENTS",
    "application/cloudevents-batch+json; charset=utf-8, CLOUD_EVENTS"
  })
  void theContentTypeNamesTheFormat(String contentType, BodyFormat format) {
    assertThat(BodyFormat.of(contentType, false)).isEqualTo(format);
  }

  @ParameterizedTest
  @NullSource
  @ValueSource(strings = {"text/plain", "application/json;charset=iso-8859-1"})
  void aCloudEventInBinaryModeMayHaveAnyContentType(String contentType) {
    assertThat(BodyFormat.of(contentType, true)).isEqualTo(BodyFormat.BINARY_CLOUD_EVENT);
  }

  @ParameterizedTest
  @NullSource
  @ValueSource(strings = {"", "text/plain", "multipart/form-data", "application/json2"})
  void otherContentTypesAreNotSupported(String contentType) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> BodyFormat.of(contentType, false))
        .withMessageContaining("application/x-ndjson");
  }

  @ParameterizedTest
  @ValueSource(strings = {"iso-8859-1", "utf-16", "UTF-80"})
  void otherCharactersSetsAreNotSupported(String charset) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> BodyFormat.of("application/json; charset=" + charset, false))
        .withMessageContaining("UTF-8");
  }

  @Test
  void onlyCloudEventFormatsHoldCloudEvents() {
    assertThat(BodyFormat.values())
        .filteredOn(BodyFormat::isCloudEvent)
        .containsExactly(BodyFormat.CLOUD_EVENTS, BodyFormat.BINARY_CLOUD_EVENT);
  }
}
