package dev.datapipeline.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JsonPathTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          $.sensor               | {"sensor"}
          sensor                 | {"sensor"}
          a.b[0].c               | {"a","b","0","c"}
          [1][-1]                | {"1","-1"}
          $['a b']["c,d}"]       | {"a b","c,d}"}
          $['it\\'s']            | {"it's"}
          $["\\""]               | {"\\""}
          $                      | {}
          """)
  void aPathIsAnArrayOfSteps(String path, String array) {
    assertThat(JsonPath.parse(path).asTextArray()).isEqualTo(array);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "$.", "a..b", "a[", "a[x]", "a['b", "$ .a", "a.b]", "$[*]", "a b"})
  void whatIsNoPathIsRefused(String path) {
    assertThatIllegalArgumentException().isThrownBy(() -> JsonPath.parse(path));
  }

  @Test
  void aPathHasAnEnd() {
    assertThatIllegalArgumentException().isThrownBy(() -> JsonPath.parse("a" + ".a".repeat(100)));
  }
}
