package dev.datapipeline.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AccessTest {
  @Test
  void aRequestOfAProgramIsNotFromAnotherSite() {
    assertThat(Access.isFromAnotherSite(null, "localhost:9080", null)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"same-origin", "none"})
  void aRequestOfThisSitesPageIsNotFromAnotherSite(String site) {
    assertThat(Access.isFromAnotherSite("http://localhost:9080", "localhost:9080", site)).isFalse();
    assertThat(Access.isFromAnotherSite(null, "localhost:9080", site)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"http://evil.example", "http://localhost:8080", "http://localhost", "null", "{"})
  void anyOtherOriginIsAnotherSite(String origin) {
    assertThat(Access.isFromAnotherSite(origin, "localhost:9080", null)).isTrue();
    assertThat(Access.isFromAnotherSite(origin, null, null)).isTrue();
  }

  /** A browser sends no origin with a GET, but since 2020 where the page is from. */
  @ParameterizedTest
  @ValueSource(strings = {"cross-site", "same-site"})
  void readsOfOtherSitesAreNoticed(String site) {
    assertThat(Access.isFromAnotherSite(null, "localhost:9080", site)).isTrue();
  }

  @ParameterizedTest
  @CsvSource({
    "GET, /events, READER",
    "HEAD, /anything, READER",
    "POST, /events, PRODUCER",
    "POST, /events/, OPERATOR",
    "POST, /events/1, OPERATOR",
    "PUT, /events, OPERATOR",
    "DELETE, /events, OPERATOR",
    "POST, /pipeline/consumer/pause, OPERATOR",
    "get, /events, OPERATOR"
  })
  void everythingThatIsNotKnownRequiresTheOperator(String method, String path, Role role) {
    assertThat(Access.requiredRole(method, path)).isEqualTo(role);
  }

  @Test
  void theOperatorMayDoEverythingAndTheOthersOneThing() {
    Caller operator = new Caller("jane", Set.of(Role.OPERATOR));
    Caller producer = new Caller("device", Set.of(Role.PRODUCER));
    Caller nobody = new Caller("joe", Set.of());

    assertThat(Role.values()).allMatch(operator::may);
    assertThat(Role.values()).filteredOn(producer::may).containsExactly(Role.PRODUCER);
    assertThat(Role.values()).noneMatch(nobody::may);
  }
}
