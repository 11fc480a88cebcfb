package dev.datapipeline.it;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** The page {@code /metrics} of a server, in Prometheus' text format. */
record Metrics(List<String> lines) {

  /** Reads the page without a password. */
  static Metrics of(Application application) throws IOException {
    HttpRequest request =
        HttpRequest.newBuilder(
                URI.create("http://localhost:" + application.httpPort() + "/metrics"))
            .timeout(Duration.ofSeconds(10))
            .build();
    try {
      HttpResponse<String> response =
          HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
      if (response.statusCode() != 200) {
        throw new IOException("/metrics answers " + response.statusCode());
      }
      return new Metrics(response.body().lines().toList());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
  }

  /** Returns the type of a metric; empty if the page lacks the metric. */
  Optional<String> type(String name) {
    return comment("TYPE", name);
  }

  /** Returns the help text of a metric; empty if the page lacks the metric. */
  Optional<String> help(String name) {
    return comment("HELP", name);
  }

  private Optional<String> comment(String keyword, String name) {
    String start = "# %s %s ".formatted(keyword, name);
    return lines.stream()
        .filter(line -> line.startsWith(start))
        .map(line -> line.substring(start.length()))
        .findFirst();
  }

  /** Returns the sum of a sample's values that have all the given labels. */
  double sum(String sample, String... labels) {
    List<String> found =
        lines.stream()
            .filter(line -> line.startsWith(sample + "{") || line.startsWith(sample + " "))
            .filter(line -> List.of(labels).stream().allMatch(line::contains))
            .toList();
    if (found.isEmpty()) {
      throw new AssertionError("/metrics has no " + sample + " " + List.of(labels));
    }
    return found.stream()
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
        .sum();
  }
}
