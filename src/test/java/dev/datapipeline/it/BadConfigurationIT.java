package dev.datapipeline.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A setting that cannot be used stops the start. */
class BadConfigurationIT {

  @Test
  void aBadValueIsNamedInOneLineAndNothingStarts() {
    Map<String, String> environment = new LinkedHashMap<>(TestBackends.get().environment());
    environment.put("PRODUCER_INTERVAL", "soon");
    try (Application application = new Application("badConfiguration", environment).start()) {
      await()
          .atMost(Duration.ofSeconds(90))
          .until(() -> !lines(application, "The application does not start.").isEmpty());

      assertThat(lines(application, "The application does not start."))
          .singleElement()
          .asString()
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
  void aSourceThatIsNotThereIsNamedWithThoseThatAre() {
    Map<String, String> environment = new LinkedHashMap<>(TestBackends.get().environment());
    environment.put("PRODUCER_SOURCE", "sensors");
    try (Application application = new Application("badSource", environment).start()) {
      await()
          .atMost(Duration.ofSeconds(90))
          .until(() -> !lines(application, "The application does not start.").isEmpty());

      assertThat(lines(application, "The application does not start."))
          .singleElement()
          .asString()
          .contains(
              "Setting PRODUCER_SOURCE has the value 'sensors', which is not allowed:"
                  + " it must be one or more of ",
              "sensor",
              "there is no source 'sensors'");
    }
  }

  private static List<String> lines(Application application, String text) {
    return application.log().stream().filter(line -> line.contains(text)).toList();
  }
}
