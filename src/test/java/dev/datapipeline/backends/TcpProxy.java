package dev.datapipeline.backends;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A TCP proxy on the loopback interface that misbehaves on demand like a network, a firewall or a
 * peer that hangs. Each fault concerns one direction. Close it.
 *
 * <p>A fault applies to the open connections and to those that are opened later, until {@link
 * #repair()}. What was swallowed is lost for good, so connections that it happened to stay broken.
 */
public final class TcpProxy implements AutoCloseable {
  /** The direction of bytes. */
  public enum Direction {
    TO_SERVER,
    TO_CLIENT
  }

  /** What happens to the bytes of one direction. */
  public enum Fault {
    /** Nothing: they are passed on. */
    NONE,
    /** They are accepted and thrown away, as if the receiver had vanished behind a gateway. */
    SWALLOW,
    /** They are not accepted, so the sender blocks as soon as the buffers are full. */
    STALL
  }

  private static final int CONNECT_TIMEOUT_MILLIS = 5_000;
  private static final long POLL_MILLIS = 10;

  /** Small, so that the sender soon blocks while the proxy accepts nothing. */
  private static final int BUFFER_BYTES = 64 * 1024;

  private volatile InetSocketAddress target;
  private final ServerSocket listener;
  private final Set<Link> links = ConcurrentHashMap.newKeySet();
  private final Map<Direction, Fault> faults = new EnumMap<>(Direction.class);
  private volatile Duration delay = Duration.ZERO;
  private volatile boolean refusing;
  private volatile Trigger trigger;

  private record Trigger(String text, boolean early, Runnable action) {}

  /**
   * Starts a proxy on a free port.
   *
   * @param host the server's host
   * @param port the server's port
   */
  public TcpProxy(String host, int port) {
    target(host, port);
    for (Direction direction : Direction.values()) {
      faults.put(direction, Fault.NONE);
    }
    try {
      listener = new ServerSocket();
      listener.setReceiveBufferSize(BUFFER_BYTES);
      listener.bind(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    start("accept", this::accept);
  }

  /** Returns the port on the loopback interface on which the proxy listens. */
  public int port() {
    return listener.getLocalPort();
  }

  /** Leads connections that are opened from now on to another server, as a virtual address does. */
  public void target(String host, int port) {
    target = InetSocketAddress.createUnresolved(host, port);
  }

  /** Returns the number of connections that are open on either side. */
  public int connections() {
    return links.size();
  }

  /** Causes a fault in one direction. */
  public synchronized void fault(Direction direction, Fault fault) {
    faults.put(direction, fault);
    links.forEach(link -> link.set(direction, fault));
  }

  /** Causes a fault in one direction of the open connections. Later ones work. */
  public synchronized void faultOfOpenConnections(Direction direction, Fault fault) {
    links.forEach(link -> link.set(direction, fault));
  }

  /** Delays each chunk of bytes in both directions. */
  public void delay(Duration perChunk) {
    delay = perChunk;
  }

  /** Closes every connection on both sides. */
  public synchronized void cut() {
    links.forEach(Link::close);
  }

  /** Closes every connection on the server's side only. The client is not told. */
  public synchronized void halfOpen() {
    links.forEach(Link::halfOpen);
  }

  /** Closes new connections at once, until {@link #repair()}. */
  public void refuse() {
    refusing = true;
  }

  /** Ends all faults, except for the loss of what was swallowed. */
  public synchronized void repair() {
    delay = Duration.ZERO;
    refusing = false;
    trigger = null;
    for (Direction direction : Direction.values()) {
      faults.put(direction, Fault.NONE);
      links.forEach(link -> link.repair(direction));
    }
  }

  /**
   * Runs an action once, as soon as a client has sent a text and it was passed on to the server. No
   * later byte of this client is passed on before the action has returned.
   */
  public void when(String text, Runnable action) {
    trigger = new Trigger(text, false, action);
  }

  /**
   * Runs an action once, as soon as a client has sent a text and before it is passed on. The action
   * may prevent that with a fault or a cut, or arm another trigger for the same text.
   */
  public void before(String text, Runnable action) {
    trigger = new Trigger(text, true, action);
  }

  /** Closes every connection and listens no more. */
  @Override
  public void close() {
    try {
      listener.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    cut();
  }

  private void accept() {
    while (!listener.isClosed()) {
      try {
        Socket client = listener.accept();
        if (refusing) {
          client.close();
        } else {
          open(client);
        }
      } catch (IOException e) {
        // closed, or the server refuses; then the client's connection is closed, too
      }
    }
  }

  private void open(Socket client) throws IOException {
    Socket server = new Socket();
    try {
      InetSocketAddress to = target;
      server.connect(
          new InetSocketAddress(to.getHostString(), to.getPort()), CONNECT_TIMEOUT_MILLIS);
      client.setTcpNoDelay(true);
      server.setTcpNoDelay(true);
    } catch (IOException e) {
      client.close();
      throw e;
    }
    Link link;
    synchronized (this) {
      link = new Link(client, server, faults);
      links.add(link);
    }
    start("to server", () -> link.pump(Direction.TO_SERVER));
    start("to client", () -> link.pump(Direction.TO_CLIENT));
  }

  private static void start(String name, Runnable task) {
    Thread thread = new Thread(task, "proxy " + name);
    thread.setDaemon(true);
    thread.start();
  }

  /** Runs the action of an early or a late trigger if its text is among the bytes. */
  private void fire(boolean early, byte[] bytes, int length) {
    Trigger armed = trigger;
    if (armed == null
        || armed.early != early
        || !new String(bytes, 0, length, StandardCharsets.ISO_8859_1).contains(armed.text)) {
      return;
    }
    synchronized (this) {
      if (trigger == armed) {
        trigger = null;
        armed.action.run();
      }
    }
  }

  /** One connection of a client and the one to the server. */
  private final class Link {
    private final Socket client;
    private final Socket server;
    private final Map<Direction, Fault> faults;
    private volatile boolean halfOpen;

    Link(Socket client, Socket server, Map<Direction, Fault> faults) {
      this.client = client;
      this.server = server;
      this.faults = new ConcurrentHashMap<>(faults);
    }

    void set(Direction direction, Fault fault) {
      faults.put(direction, fault);
    }

    void repair(Direction direction) {
      faults.replace(direction, Fault.STALL, Fault.NONE);
    }

    void halfOpen() {
      halfOpen = true;
      close(server);
    }

    void pump(Direction direction) {
      boolean toServer = direction == Direction.TO_SERVER;
      byte[] bytes = new byte[BUFFER_BYTES];
      try {
        InputStream in = (toServer ? client : server).getInputStream();
        OutputStream out = (toServer ? server : client).getOutputStream();
        while (true) {
          awaitNoStall(direction);
          int length = in.read(bytes);
          if (length < 0) {
            break;
          }
          // what was read just before a stall began
          awaitNoStall(direction);
          sleep(delay);
          if (toServer) {
            fire(true, bytes, length);
          }
          if (faults.get(direction) == Fault.NONE) {
            out.write(bytes, 0, length);
            if (toServer) {
              fire(false, bytes, length);
            }
          }
        }
        // a peer that vanished does not close its connection either
        if (faults.get(direction) == Fault.NONE) {
          close();
        }
      } catch (IOException e) {
        if (!halfOpen) {
          close();
        }
      }
    }

    private void awaitNoStall(Direction direction) {
      while (faults.get(direction) == Fault.STALL && links.contains(this)) {
        sleep(Duration.ofMillis(POLL_MILLIS));
      }
    }

    private static void sleep(Duration duration) {
      if (!duration.isZero()) {
        try {
          Thread.sleep(duration.toMillis());
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
      }
    }

    void close() {
      links.remove(this);
      close(client);
      close(server);
    }

    private static void close(Socket socket) {
      try {
        socket.close();
      } catch (IOException e) {
        // it is closed in any case
      }
    }
  }
}
