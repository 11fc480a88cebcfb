package dev.datapipeline.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** An invalid setting stops the start. */
class BadConfigurationIT {

  @Test
  void anInvalidValueIsReportedInOneLineAndNothingStarts() {
    try (Application application = start("badConfiguration", "PRODUCER_INTERVAL", "soon")) {
      assertThat(refusal(application))
          .contains(
              "Setting PRODUCER_INTERVAL has the value 'soon', which is not allowed:"
                  + " it must be an ISO-8601 duration such as PT1S, from PT0.01S to PT24H.");
      await()
          .atMost(Duration.ofSeconds(60))
          .until(() -> application.health().status("started"), "DOWN"::equals);
      assertThat(lines(application, "datapipeline is starting")).isEmpty();
    }
  }

  @Test
  void anUnknownSourceIsReportedWithTheKnownOnes() {
    try (Application application = start("badSource", "PRODUCER_SOURCE", "sensors")) {
      assertThat(refusal(application))
          .contains(
              "Setting PRODUCER_SOURCE has the value 'sensors', which is not allowed:"
                  + " it must be one or more of ",
              "sensor",
              "there is no source 'sensors'");
    }
  }

  private static Application start(String name, String setting, String value) {
    Map<String, String> environment = new LinkedHashMap<>(TestBackends.get().environment());
    environment.put(setting, value);
    return new Application(name, environment).start();
  }

  /** Waits for the line that says why the application does not start; there must be one only. */
  private static String refusal(Application application) {
    String text = "The application does not start.";
    await().atMost(Pipeline.PATIENCE).until(() -> !lines(application, text).isEmpty());
    List<String> refusals = lines(application, text);
    assertThat(refusals).hasSize(1);
    return refusals.get(0);
  }

  private static List<String> lines(Application application, String text) {
    return application.log().stream().filter(line -> line.contains(text)).toList();
  }
}
