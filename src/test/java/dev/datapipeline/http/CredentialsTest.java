package dev.datapipeline.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

class CredentialsTest {
  private static String encoded(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void thePasswordMayContainColonsAndAnyCharacter() {
    assertThat(Credentials.parse("Basic " + encoded("jane:a:b ü")))
        .hasValue(new Credentials("jane", "a:b ü"));
  }

  @Test
  void theSchemeIsCaseInsensitive() {
    assertThat(Credentials.parse("bASIC " + encoded("jane:secret"))).isPresent();
  }

  @ParameterizedTest
  @NullSource
  @ValueSource(strings = {"", "Basic", "Basic ", "Basic %%%", "Basic amFuZQ==", "Bearer amFuZTpi"})
  void anythingElseIsNotCredentials(String authorization) {
    assertThat(Credentials.parse(authorization)).isEmpty();
  }

  @Test
  void thePasswordIsNotPrinted() {
    assertThat(new Credentials("jane", "secret").toString()).doesNotContain("secret");
  }
}
