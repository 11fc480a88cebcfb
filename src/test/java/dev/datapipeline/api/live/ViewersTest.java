package dev.datapipeline.api.live;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class ViewersTest {
  private final Viewers viewers = new Viewers(Duration.ofSeconds(1));

  private Connection connect() throws IOException {
    Connection connection = new Connection();
    connection.alwaysReady();
    viewers.add(connection.context(), connection.output()).onWritePossible();
    return connection;
  }

  @Test
  void aViewerThatConnectsBeforeTheFirstSampleGetsAnEmptyHistory() throws IOException {
    Connection connection = connect();

    assertThat(connection.text())
        .startsWith(
            "event: hello\ndata: {\"intervalMillis\":1000,\"samples\":300,\"history\":[]}\n\n");

    viewers.sendSample("{\"t\":1}");
    assertThat(connection.text()).contains("event: sample\ndata: {\"t\":1}\n\n");
  }

  @Test
  void aViewerThatConnectsLaterGetsTheHistoryAndTheLatestUpdates() throws IOException {
    viewers.sendSample("{\"t\":1}");
    viewers.sendSample("{\"t\":2}");
    viewers.send("state", "{\"old\":1}");
    viewers.send("state", "{\"new\":1}");

    assertThat(connect().text())
        .contains("\"history\":[{\"t\":1},{\"t\":2}]", "event: state\ndata: {\"new\":1}\n\n")
        .doesNotContain("old");
  }

  @Test
  void theHistoryIsLimited() throws IOException {
    for (int i = 0; i <= Viewers.HISTORY; i++) {
      viewers.sendSample("{\"t\":%d}".formatted(i));
    }

    assertThat(connect().text())
        .contains("\"history\":[{\"t\":1},")
        .endsWith(",{\"t\":300}]}\n\n | ");
  }

  @Test
  void rowsAreSentOnlyWhenTheyChange() throws IOException {
    Connection connection = connect();
    viewers.sendIfChanged("events", "[1]");
    viewers.sendIfChanged("events", "[1]");
    viewers.sendIfChanged("events", "[2]");

    assertThat(connection.text()).containsOnlyOnce("[1]").containsOnlyOnce("[2]");
  }

  @Test
  void closingSaysGoodbyeToEveryViewer() throws IOException {
    Connection first = connect();
    Connection second = connect();
    assertThat(viewers.size()).isEqualTo(2);

    viewers.close();

    assertThat(first.text()).contains("event: bye\ndata: {}\n\n");
    assertThat(second.completed()).isOne();
    assertThat(viewers.size()).isZero();
    assertThat(viewers.isClosed()).isTrue();
  }

  @Test
  void aViewerWhoseConnectionBreaksIsRemoved() throws IOException {
    Connection connection = connect();
    connection.reset();

    viewers.send("state", "{}");

    assertThat(viewers.size()).isZero();
    assertThat(connection.completed()).isOne();
  }
}
