package dev.datapipeline.source;

import static org.assertj.core.api.Assertions.assertThat;

import dev.datapipeline.config.WeblogConfig;
import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.io.ByteArrayInputStream;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class WeblogSourceTest {
  private static final String DAY = "2026-01-02T16:00:00.123Z";
  private static final String NIGHT = "2026-01-02T04:00:00.123Z";

  private static WeblogSource source(long seed, String now) {
    return new WeblogSource(
        new WeblogConfig(50, seed), Clock.fixed(Instant.parse(now), ZoneOffset.UTC));
  }

  private static List<JsonObject> requests(WeblogSource source, int max) {
    return source.next(max).stream()
        .map(event -> Json.createReader(new ByteArrayInputStream(event.json())).readObject())
        .toList();
  }

  @Test
  void theSeedSetsWhatHappens() {
    assertThat(requests(source(7, DAY), 500)).isEqualTo(requests(source(7, DAY), 500));
    assertThat(requests(source(7, DAY), 500)).isNotEqualTo(requests(source(8, DAY), 500));
  }

  @Test
  void thereIsLessToDoByNight() {
    assertThat(source(1, DAY).next(1000)).hasSize(1000);
    assertThat(source(1, NIGHT).next(1000)).hasSizeBetween(99, 101);
  }

  @Test
  void aLoneRequestATickKeepsTheRhythm() {
    WeblogSource night = source(3, NIGHT);
    int requests = 0;
    for (int tick = 0; tick < 2000; tick++) {
      requests += night.next(1).size();
    }
    assertThat(requests).isBetween(140, 260);
  }

  /** A page's referrer is the previous page, except for robots. */
  @Test
  void visitorsWalkThroughPages() {
    Map<String, String> lastPath = new HashMap<>();
    int clicks = 0;
    for (JsonObject request : requests(source(42, DAY), 5000)) {
      String before = lastPath.put(request.getString("session"), request.getString("path"));
      if (before != null && !request.getString("user_agent").contains("Bot")) {
        assertThat(request.getString("referrer")).isEqualTo("https://shop.example" + before);
        clicks++;
      }
    }
    assertThat(lastPath.size()).isBetween(500, 3000);
    assertThat(clicks).isGreaterThan(1000);
  }

  @Test
  void nobodyClicksOnAfterAnError() {
    Set<String> gone = new HashSet<>();
    for (JsonObject request : requests(source(42, DAY), 5000)) {
      assertThat(gone).doesNotContain(request.getString("session"));
      if (request.getInt("status") >= 400) {
        gone.add(request.getString("session"));
      }
    }
    assertThat(gone).isNotEmpty();
  }

  @Test
  void mostAnswersAreFastAndWellAndAFewAreNot() {
    List<JsonObject> requests = requests(source(42, DAY), 20_000);
    Set<Integer> statuses =
        requests.stream().map(request -> request.getInt("status")).collect(Collectors.toSet());
    long well = requests.stream().filter(request -> request.getInt("status") < 400).count();
    List<Integer> millis =
        requests.stream().map(request -> request.getInt("duration_ms")).sorted().toList();

    assertThat(statuses).contains(200, 301, 303, 304, 404, 422, 500);
    assertThat(well).isBetween(19_000L, 19_990L);
    assertThat(millis.get(10_000)).isBetween(20, 150);
    assertThat(millis.get(19_980)).isGreaterThan(10 * millis.get(10_000));
  }

  @Test
  void thereAreNeverMoreVisitorsThanAllowed() {
    WeblogSource source =
        new WeblogSource(new WeblogConfig(1, 42), Clock.fixed(Instant.parse(DAY), ZoneOffset.UTC));
    Set<String> finished = new HashSet<>();
    String current = null;
    for (JsonObject request : requests(source, 300)) {
      String session = request.getString("session");
      if (!session.equals(current)) {
        assertThat(finished.add(session)).isTrue();
        current = session;
      }
    }
    assertThat(finished).hasSizeGreaterThan(5);
  }
}
