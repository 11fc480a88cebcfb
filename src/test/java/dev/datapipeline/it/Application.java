package dev.datapipeline.it;

import dev.datapipeline.backends.Ports;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * The application in a server process of its own, which can be killed and started again. Close it.
 */
final class Application implements AutoCloseable {
  private final String name;
  private final ServerDirectory directory;
  private final Map<String, String> environment;
  private final int httpPort = Ports.free();
  private final Path log;
  private Process process;
  private int logLinesBefore;

  Application(String name, Map<String, String> environment) {
    this.name = name;
    this.environment = new LinkedHashMap<>(environment);
    this.environment.put("HTTP_PORT", Integer.toString(httpPort));
    directory = new ServerDirectory(name);
    directory.installApplication();
    log = ServerDirectory.TARGET.resolve("it").resolve(name + ".log");
    try {
      Files.deleteIfExists(log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Starts the server without waiting for it. */
  Application start() {
    logLinesBefore = Files.exists(log) ? log().size() : 0;
    ProcessBuilder builder =
        new ProcessBuilder(ServerDirectory.RUNTIME.resolve("bin/server").toString(), "run", name)
            .redirectErrorStream(true)
            .redirectOutput(Redirect.appendTo(log.toFile()));
    builder.environment().putAll(environment);
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    builder.environment().put("WLP_USER_DIR", directory.userDirectory().toString());
    if (!environment.containsKey("JVM_ARGS")) {
      builder.environment().put("JVM_ARGS", ClassArchive.jvmArgs());
      // an agent and an archive of classes don't go together
      builder.environment().put("WLP_SKIP_BOOTSTRAP_AGENT", "true");
    }
    try {
      process = builder.start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Runtime.getRuntime().addShutdownHook(new Thread(this::kill));
    return this;
  }

  /** Kills the server (SIGKILL), as a crash of the machine would. */
  void kill() {
    if (process != null) {
      // the start script waits for the JVM
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
      await(30);
    }
  }

  /** Stops the server as an operator would. */
  void stop() {
    stop(60);
  }

  /** Stops the server within the given number of seconds. */
  void stop(long seconds) {
    ProcessHandle.of(pid()).ifPresent(ProcessHandle::destroy);
    if (!await(seconds)) {
      kill();
      throw new IllegalStateException("the server did not stop; see " + log);
    }
  }

  /** Stops the server's JVM where it is (SIGSTOP), as if the machine hung. */
  void hang() {
    signal("STOP");
  }

  /** Lets the server continue after {@link #hang()}. */
  void resume() {
    signal("CONT");
  }

  private void signal(String name) {
    try {
      new ProcessBuilder("kill", "-s", name, Long.toString(pid())).start().waitFor();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean await(long seconds) {
    try {
      return process.waitFor(seconds, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  boolean isRunning() {
    return process != null && process.isAlive();
  }

  /** Returns whether the consumer has been opened since the last start. */
  boolean isOpen() {
    return Files.exists(log)
        && log().stream()
            .skip(logLinesBefore)
            .filter(line -> line.contains("PipelineStarter"))
            // as text or as JSON
            .anyMatch(line -> line.contains(" I topic ") || line.contains(":\"topic "));
  }

  /** Returns the process id of the server's JVM. */
  long pid() {
    return process
        .descendants()
        .filter(child -> child.info().command().orElse("").endsWith("java"))
        .mapToLong(ProcessHandle::pid)
        .findFirst()
        .orElse(process.pid());
  }

  Health health() {
    return new Health(httpPort);
  }

  int httpPort() {
    return httpPort;
  }

  /** Returns all log files of the server. */
  List<Path> logFiles() {
    try (Stream<Path> files = Files.walk(directory.server().resolve("logs"))) {
      return Stream.concat(Stream.of(log), files.filter(Files::isRegularFile)).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  List<String> log() {
    try {
      return Files.readAllLines(log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    kill();
  }
}
