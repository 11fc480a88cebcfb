package dev.datapipeline.api.live;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ViewerTest {
  private final Output output = new Output();
  private final List<Viewer> closed = new ArrayList<>();
  private final List<String> calls = new ArrayList<>();
  private final Viewer viewer = new Viewer(context(), output, closed::add);

  /** Takes one message whenever the client has read the one before. */
  private static final class Output extends ServletOutputStream {
    private final StringBuilder text = new StringBuilder();
    private boolean ready = true;
    private boolean broken;

    @Override
    public boolean isReady() {
      return ready;
    }

    @Override
    public void setWriteListener(WriteListener listener) {
      // the tests call the listener
    }

    @Override
    public void write(int value) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void write(byte[] bytes) throws IOException {
      if (broken) {
        throw new IOException("connection reset");
      }
      text.append(new String(bytes, StandardCharsets.UTF_8)).append(' ');
      ready = false;
    }

    @Override
    public void flush() {
      text.append("| ");
    }
  }

  /** Returns a context that notes which methods are called. */
  private AsyncContext context() {
    return (AsyncContext)
        Proxy.newProxyInstance(
            AsyncContext.class.getClassLoader(),
            new Class<?>[] {AsyncContext.class},
            (proxy, method, arguments) -> {
              calls.add(method.getName());
              return null;
            });
  }

  private void send(String kind, String message) {
    viewer.send(kind, message.getBytes(StandardCharsets.UTF_8));
  }

  private void clientReads() throws IOException {
    output.ready = true;
    viewer.onWritePossible();
  }

  @Test
  void nothingIsWrittenBeforeTheServerIsReady() throws IOException {
    send("hello", "h1");
    assertThat(output.text).isEmpty();

    viewer.onWritePossible();

    assertThat(output.text).hasToString("h1 ");
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

    assertThat(output.text).hasToString("s1 s3 t1 | ");
  }

  @Test
  void aBrokenConnectionClosesTheViewerOnce() throws IOException {
    viewer.onWritePossible();
    output.broken = true;

    send("sample", "s1");
    viewer.close();
    send("sample", "s2");

    assertThat(closed).containsExactly(viewer);
    assertThat(calls).containsExactly("complete");
    assertThat(output.text).isEmpty();
  }
}
