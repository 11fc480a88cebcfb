package dev.datapipeline.backends;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Stops a Liberty server when the JVM that created this guard ends, whatever ends it. Maven's dev
 * mode stops its server in a shutdown hook, which a SIGKILL skips and which cannot stop a server
 * that is still starting.
 *
 * <p>The guard is a shell that waits for the end of its standard input. It then runs {@link #main}
 * in a JVM of its own, so that the wait costs next to no memory.
 *
 * <p>{@link #stop} runs after Maven has closed the class loader of this class. It may only use
 * classes that are loaded already.
 */
final class ServerGuard {
  private static final Duration STOP_TIMEOUT = Duration.ofSeconds(30);

  /** Ignores the terminal's signals, as the JVM does that replaces the shell. */
  private static final String GUARD = "trap '' INT HUP TERM; read -r _; exec \"$@\"";

  private final Process process;

  private ServerGuard(Process process) {
    this.process = process;
  }

  /**
   * Starts a guard.
   *
   * @param server the server's directory, {@code wlp/usr/servers/NAME}; it need not exist yet
   * @param arguments a file that this method writes, with the options of the guard's JVM
   */
  static ServerGuard start(Path server, Path arguments) throws IOException {
    ClassPath.writeArguments(
        arguments, "-Xmx32m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto");
    return new ServerGuard(
        Processes.start(
            new ProcessBuilder(
                "sh",
                "-c",
                GUARD,
                "sh",
                ClassPath.java(),
                "@" + arguments.toAbsolutePath(),
                ServerGuard.class.getName(),
                server.toAbsolutePath().normalize().toString())));
  }

  /** Stops the server, and returns when it is gone. */
  void stop() {
    Processes.closeInput(process);
    Processes.waitFor(process, STOP_TIMEOUT.multipliedBy(2));
  }

  /**
   * Stops the server with SIGTERM, and kills it if it has not ended after 30 seconds.
   *
   * @param args the server's directory
   */
  public static void main(String[] args) {
    Path server = Path.of(args[0]);
    Set<ProcessHandle> told = new HashSet<>();
    long deadline = System.nanoTime() + STOP_TIMEOUT.toNanos();
    List<ProcessHandle> processes = processes(server);
    while (!processes.isEmpty()) {
      if (System.nanoTime() > deadline) {
        Processes.kill(processes);
      }
      processes.stream().filter(told::add).forEach(ProcessHandle::destroy);
      Processes.sleep();
      processes = processes(server);
    }
  }

  /** Returns the server's JVM, and scripts that are about to start or stop it. */
  static List<ProcessHandle> processes(Path server) {
    Path installation = server.getParent().getParent().getParent();
    String name = " " + server.getFileName() + " ";
    String jvm = installation.resolve("bin/tools/ws-server.jar") + name;
    String script = installation.resolve("bin/server") + " ";
    return ProcessHandle.allProcesses()
        .filter(
            process -> {
              String command = commandLine(process) + " ";
              return command.contains(jvm) || command.contains(script) && command.contains(name);
            })
        .filter(Processes::isAlive)
        .toList();
  }

  private static String commandLine(ProcessHandle process) {
    try {
      // complete, while ProcessHandle cuts off long ones; not Files.readString: any bytes may come
      Path file = Path.of("/proc", Long.toString(process.pid()), "cmdline");
      return new String(Files.readAllBytes(file), StandardCharsets.UTF_8)
          .replace('\0', ' ')
          .strip();
    } catch (IOException e) {
      return process.info().commandLine().orElse(""); // just gone, or a system without /proc
    }
  }
}
