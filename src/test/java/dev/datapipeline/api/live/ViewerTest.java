package dev.datapipeline.api.live;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ViewerTest {
  private final Connection connection = new Connection();
  private final List<Viewer> closed = new ArrayList<>();
  private final Viewer viewer = new Viewer(connection.context(), connection.output(), closed::add);

  private void send(String kind, String message) {
    viewer.send(kind, message.getBytes(StandardCharsets.UTF_8));
  }

  private void clientReads() throws IOException {
    connection.ready();
    viewer.onWritePossible();
  }

  @Test
  void nothingIsWrittenBeforeTheServerIsReady() throws IOException {
    send("hello", "h1");
    assertThat(connection.text()).isEmpty();

    viewer.onWritePossible();

    assertThat(connection.text()).isEqualTo("h1 ");
  }

  @Test
  void aSlowClientSkipsUpdatesButGetsTheLatestOfEachKind() throws IOException {
    viewer.onWritePossible();
    send("sample", "s1");
    send("sample", "s2");
    send("state", "t1");
    send("sample", "s3");

    clientReads();
    clientReads();
    clientReads();

    assertThat(connection.text()).isEqualTo("s1 s3 t1 | ");
  }

  @Test
  void aBrokenConnectionClosesTheViewerOnce() throws IOException {
    viewer.onWritePossible();
    connection.reset();

    send("sample", "s1");
    viewer.close();
    send("sample", "s2");

    assertThat(closed).containsExactly(viewer);
    assertThat(connection.completed()).isOne();
    assertThat(connection.text()).isEmpty();
  }
}
