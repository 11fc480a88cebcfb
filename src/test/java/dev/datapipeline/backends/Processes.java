package dev.datapipeline.backends;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Signals, pauses and zombies, which {@link ProcessHandle} does not support. */
final class Processes {
  private static final long POLL_MILLIS = 20;

  private Processes() {}

  /**
   * Returns whether the process runs. Zombies do not count, although {@link
   * ProcessHandle#isAlive()} reports them as alive. In a container whose first process does not
   * reap orphans, they stay forever.
   */
  static boolean isAlive(ProcessHandle process) {
    if (!process.isAlive()) {
      return false;
    }
    try {
      String stat =
          Files.readString(
              Path.of("/proc", Long.toString(process.pid()), "stat"), StandardCharsets.ISO_8859_1);
      // "pid (name) state …"; the name may contain any character
      char state = stat.charAt(stat.lastIndexOf(')') + 2);
      return state != 'Z' && state != 'X';
    } catch (IOException e) {
      return process.isAlive(); // just ended, or a system without /proc
    }
  }

  /** Kills all processes at once (SIGKILL) and waits until they are gone. */
  static void kill(Collection<ProcessHandle> processes) {
    processes.forEach(ProcessHandle::destroyForcibly);
    await(
        () -> processes.stream().noneMatch(Processes::isAlive),
        Duration.ofSeconds(10),
        "Killed processes are still there: " + pids(processes));
  }

  /** Sends a signal, named without "SIG". Processes that have ended are ignored. */
  static void signal(String name, Collection<ProcessHandle> processes) {
    List<String> command = new ArrayList<>(List.of("sh", "-c", "kill -s \"$0\" \"$@\"", name));
    command.addAll(pids(processes));
    waitFor(start(new ProcessBuilder(command)), Duration.ofSeconds(10));
  }

  /** Sets the soft limit of the size of files which the processes write: bytes, or "unlimited". */
  static void limitFiles(Collection<ProcessHandle> processes, String size) {
    List<String> command =
        new ArrayList<>(
            List.of(
                "sh", "-c", "for p; do prlimit --pid \"$p\" --fsize=\"$0\": || exit; done", size));
    command.addAll(pids(processes));
    Process prlimit = start(new ProcessBuilder(command));
    if (!waitFor(prlimit, Duration.ofSeconds(10)) || prlimit.exitValue() != 0) {
      throw new BackendException("prlimit failed for the processes " + pids(processes));
    }
  }

  /**
   * Stops processes (SIGSTOP) until the returned guard is passed to {@link #resume} or this JVM
   * ends. The guard is necessary because a stopped process cannot notice that its parent has ended.
   */
  static Process pause(Collection<ProcessHandle> processes) {
    List<String> command =
        new ArrayList<>(
            List.of("sh", "-c", "trap '' INT HUP TERM; read -r _; kill -s CONT \"$@\"", "sh"));
    command.addAll(pids(processes));
    Process guard = start(new ProcessBuilder(command));
    signal("STOP", processes);
    return guard;
  }

  /** Resumes the processes (SIGCONT). */
  static void resume(Process guard) {
    closeInput(guard);
    waitFor(guard, Duration.ofSeconds(10));
  }

  /** Closes a child's standard input, which tells it to stop. */
  static void closeInput(Process process) {
    try {
      process.getOutputStream().close();
    } catch (IOException e) {
      // it has already ended
    }
  }

  /** Starts a command and discards its output. */
  static Process start(ProcessBuilder command) {
    try {
      return command
          .redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .redirectError(ProcessBuilder.Redirect.DISCARD)
          .start();
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot run " + command.command(), e);
    }
  }

  /** Waits for the end of the process. Returns whether it ended in time. */
  static boolean waitFor(Process process, Duration timeout) {
    try {
      return process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  /** Waits for a condition. Throws an exception with the message on a timeout. */
  static void await(BooleanSupplier condition, Duration timeout, String message) {
    long deadline = System.nanoTime() + timeout.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        throw new BackendException(message);
      }
      sleep();
    }
  }

  /** Pauses between two checks of a condition. */
  static void sleep() {
    try {
      Thread.sleep(POLL_MILLIS);
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  static BackendException interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    return new BackendException("Interrupted while waiting for a backend.", e);
  }

  private static List<String> pids(Collection<ProcessHandle> processes) {
    return processes.stream().map(process -> Long.toString(process.pid())).toList();
  }
}
