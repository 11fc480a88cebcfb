package dev.datapipeline.it;

import static org.awaitility.Awaitility.await;

import dev.datapipeline.backends.Ports;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * A reverse proxy that listens on a loopback port. Started by root, its workers run as a user of
 * their own, as a service's do. Close it.
 */
final class ReverseProxy implements AutoCloseable {
  private static final Path DIRECTORY = ServerDirectory.TARGET.resolve("it/proxy");
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final Process process;
  private final int port;

  private ReverseProxy(int port, List<String> command) throws IOException {
    this.port = port;
    process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(DIRECTORY.resolve("proxy.log").toFile())
            .start();
    Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
    await("the proxy listens").atMost(PATIENCE).until(this::listens);
  }

  private boolean listens() {
    if (!process.isAlive()) {
      throw new AssertionError("the proxy has ended; see " + DIRECTORY.resolve("proxy.log"));
    }
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress("localhost", port), 1000);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private static boolean isRoot() {
    return System.getProperty("user.name").equals("root");
  }

  private static Path configuration(String name, String text) throws IOException {
    Files.createDirectories(DIRECTORY);
    return Files.writeString(DIRECTORY.resolve(name), text);
  }

  /** Starts nginx with these directives for every request. */
  static ReverseProxy nginx(String directives) throws IOException {
    Path program = Tools.require("nginx-light", "nginx");
    int port = Ports.free();
    Path file =
        configuration(
            "nginx.conf",
            """
            %s daemon off; pid nginx.pid; error_log stderr; events {}
            http {
              access_log off;
              client_body_temp_path body; proxy_temp_path proxy;
              fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
              server { listen 127.0.0.1:%d; location / { %s } }
            }
            """
                .formatted(isRoot() ? "user www-data;" : "", port, directives));
    return new ReverseProxy(
        port, List.of(program.toString(), "-p", DIRECTORY.toString(), "-c", file.toString()));
  }

  /**
   * Starts haproxy.
   *
   * @param options of the mode in which it passes on requests or bytes
   */
  static ReverseProxy haproxy(int target, String options) throws IOException {
    Path program = Tools.require("haproxy", "haproxy");
    int port = Ports.free();
    Path file =
        configuration(
            "haproxy.cfg",
            """
            global
              %s
            defaults
              %s
              timeout connect 5s
              timeout client 30s
              timeout server 30s
            listen tunnel
              bind 127.0.0.1:%d
              server application 127.0.0.1:%d
            """
                .formatted(isRoot() ? "user haproxy" : "", options, port, target));
    return new ReverseProxy(port, List.of(program.toString(), "-db", "-f", file.toString()));
  }

  int port() {
    return port;
  }

  @Override
  public void close() {
    process.destroy();
    await("the proxy has ended").atMost(PATIENCE).until(() -> !process.isAlive());
  }
}
