package dev.datapipeline.api.intake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonCheckTest {
  private static JsonCheck.Content check(String document, String... names) {
    return JsonCheck.of(document.getBytes(StandardCharsets.UTF_8), Set.of(names));
  }

  @Test
  void theDocumentsOwnStringsAreRead() {
    assertThat(
            check("{\"a\":\"1\",\"b\":2,\"c\":{\"a\":\"3\"},\"d\":[\"a\"]}", "a", "b", "d").texts())
        .containsOnlyKeys("a")
        .containsEntry("a", "1");
  }

  @Test
  void theLastOfRepeatedMembersCounts() {
    assertThat(check("{\"a\":\"1\",\"a\":\"2\"}", "a").texts()).containsEntry("a", "2");
  }

  @Test
  void onlyAnObjectIsAnObject() {
    assertThat(check("{}").isObject()).isTrue();
    assertThat(check("[{}]").isObject()).isFalse();
    assertThat(check("\"{}\"").isObject()).isFalse();
  }

  @Test
  void theFirstMemberThatIsATimeCounts() {
    JsonCheck.Content content =
        check(
            "{\"timestamp\":\"noon\",\"time\":\"2026-01-15T10:17:17+01:00\"}", "timestamp", "time");

    assertThat(content.time("timestamp", "time")).hasValue(Instant.parse("2026-01-15T09:17:17Z"));
    assertThat(content.time("timestamp")).isEmpty();
    assertThat(content.time("missing")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "{", "{}{}", "nul", "[1,]", "{'a':1}", "[01]", "{\"a\":1}}"})
  void anythingElseIsNotJson(String document) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> check(document))
        .withMessageNotContaining("\n");
  }

  @Test
  void invalidUtf8IsNotJson() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> JsonCheck.of(new byte[] {'"', (byte) 0xC3, '(', '"'}, Set.of()))
        .withMessage("not UTF-8");
  }
}
