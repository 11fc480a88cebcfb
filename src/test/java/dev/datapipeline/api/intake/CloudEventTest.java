package dev.datapipeline.api.intake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CloudEventTest {
  private static final Map<String, String> HEADERS =
      Map.of(
          "ce-specversion", "1.0", "CE-Id", "7", "ce-source", "/s", "ce-type", "t", "Host", "any");

  private static Map<String, String> with(String name, String value) {
    Map<String, String> headers = new HashMap<>(HEADERS);
    headers.put(name, value);
    return headers;
  }

  private static String structured(Map<String, String> headers, String contentType, String body) {
    return new String(
        CloudEvent.structured(headers, contentType, body.getBytes(StandardCharsets.UTF_8)),
        StandardCharsets.UTF_8);
  }

  @Test
  void jsonDataAreCopiedAsTheyWereSent() {
    assertThat(structured(HEADERS, "application/json", "{\"n\": 1.0}"))
        .isEqualTo(
            "{\"datacontenttype\":\"application/json\",\"id\":\"7\",\"source\":\"/s\","
                + "\"specversion\":\"1.0\",\"type\":\"t\",\"data\":{\"n\": 1.0}}");
  }

  @Test
  void otherDataAreWrittenInBase64() {
    assertThat(structured(HEADERS, "text/plain", "hi")).endsWith(",\"data_base64\":\"aGk=\"}");
  }

  @Test
  void anEventMayHaveNoData() {
    assertThat(structured(HEADERS, null, "")).endsWith("\"type\":\"t\"}");
  }

  @ParameterizedTest
  @CsvSource({"caf%C3%A9, café", "100%, 100%", "%zz, %zz", "a%20b, a b"})
  void headersArePercentDecoded(String header, String value) {
    assertThat(structured(with("ce-subject", header), null, ""))
        .contains("\"subject\":\"" + value + "\"");
  }

  @Test
  void anInvalidAttributeNameIsRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> structured(with("ce-my-name", "x"), null, ""))
        .withMessageContaining("ce-my-name");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> structured(with("ce-data", "x"), null, ""));
  }

  @Test
  void aMissingAttributeIsNamed() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> structured(Map.of("ce-specversion", "1.0"), null, ""))
        .withMessageContaining("no attribute id");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {"specversion":"1.0","id":"1","source":"/s","type":"t"} |
          {"specversion":"1.0","id":"1","type":"t"}               | no attribute source
          {"specversion":"0.3","id":"1","source":"/s","type":"t"} | specversion 1.0
          [1]                                                     | JSON object
          """)
  void anEventInStructuredModeIsChecked(String document, String problem) {
    JsonCheck.Content content =
        JsonCheck.of(document.getBytes(StandardCharsets.UTF_8), Set.copyOf(CloudEvent.REQUIRED));

    if (problem == null) {
      assertThat(CloudEvent.problem(content)).isEmpty();
    } else {
      assertThat(CloudEvent.problem(content)).get().asString().contains(problem);
    }
  }

  @ParameterizedTest
  @CsvSource({
    ", true",
    "application/json, true",
    "Text/JSON; charset=utf-8, true",
    "application/ld+json, true",
    "text/plain, false"
  })
  void jsonIsRecognizedByItsMediaType(String contentType, boolean json) {
    assertThat(CloudEvent.isJson(contentType)).isEqualTo(json);
  }
}
