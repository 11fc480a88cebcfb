package dev.datapipeline.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * What open dashboards cost the pipeline: it drains the same backlog with and without them, in
 * turns. They read on the same machine, so what they themselves need is in it.
 */
@UsualBenchmark
class ViewersBenchmarkIT {
  private static final int RECORDS = 1_500_000;
  private static final int VIEWERS = 300;
  private static final int ROUNDS = 3;

  @Test
  void drainsWithAndWithoutDashboards() throws Exception {
    List<Double> without = new ArrayList<>();
    List<Double> with = new ArrayList<>();
    try (Pipeline pipeline = new Pipeline("viewers", 4).with("OPERATOR_PASSWORD", Api.PASSWORD)) {
      Api api = new Api(pipeline.running().httpPort());
      // the first one warms the JVM
      drain(pipeline, api, 0);
      for (int round = 0; round < ROUNDS; round++) {
        with.add(drain(pipeline, api, VIEWERS));
        without.add(drain(pipeline, api, 0));
      }
      pipeline.assertEverythingStoredExactlyOnce();
    }
    System.out.printf(
        "median of %d rounds of %,d records: %,.0f records/s without a dashboard, %,.0f with %d%n",
        ROUNDS, RECORDS, median(without), median(with), VIEWERS);
    assertThat(with).allSatisfy(rate -> assertThat(rate).isPositive());
  }

  private static double median(List<Double> rates) {
    return rates.stream().sorted().toList().get(rates.size() / 2);
  }

  /** Returns records a second. */
  private static double drain(Pipeline pipeline, Api api, int viewers) throws Exception {
    List<Socket> sockets = new ArrayList<>();
    try {
      for (int i = 0; i < viewers; i++) {
        Socket socket = api.open("GET /api/live HTTP/1.1\r\nHost: localhost\r\n\r\n");
        sockets.add(socket);
        Thread reader = new Thread(() -> readAll(socket));
        reader.setDaemon(true);
        reader.start();
      }
      api.control("POST", "/api/pipeline/consumer/pause");
      pipeline.send(RECORDS);
      long end = pipeline.end();
      long start = System.nanoTime();
      api.control("POST", "/api/pipeline/consumer/resume");
      await()
          .atMost(Pipeline.PATIENCE)
          .pollInterval(Duration.ofMillis(100))
          .until(
              () ->
                  pipeline
                          .database()
                          .number(
                              "SELECT coalesce(sum(next_offset), 0) FROM topic_partitions"
                                  + " WHERE topic = ?",
                              pipeline.name())
                      >= end);
      return RECORDS / ((System.nanoTime() - start) / 1e9);
    } finally {
      for (Socket socket : sockets) {
        socket.close();
      }
    }
  }

  private static void readAll(Socket socket) {
    try {
      socket.getInputStream().transferTo(java.io.OutputStream.nullOutputStream());
    } catch (IOException e) {
      if (!socket.isClosed()) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
