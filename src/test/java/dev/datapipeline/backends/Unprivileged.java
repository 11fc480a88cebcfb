package dev.datapipeline.backends;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** How to run a program that refuses to be run by root, as PostgreSQL does. */
final class Unprivileged {
  /** In a user namespace of its own: not root inside, while the files stay root's outside. */
  private static final List<String> NAMESPACE =
      List.of("unshare", "--user", "--map-user=1000", "--map-group=1000", "--");

  private static final int NOBODY = 65_534;

  private static final List<String> AS_NOBODY =
      List.of("setpriv", "--reuid=" + NOBODY, "--regid=" + NOBODY, "--clear-groups", "--");

  private Unprivileged() {}

  /**
   * What to put before a command.
   *
   * @param program must be executable for the command
   * @param directory must belong to the command's user; given to "nobody" if there is no other way
   * @return empty if this JVM is not root's
   * @throws BackendException we are root, and no way works
   */
  static List<String> prefix(Path program, Path directory) {
    if (!"0".equals(output(List.of("id", "-u")))) {
      return List.of();
    }
    if (works(NAMESPACE, program, directory)) {
      return NAMESPACE;
    }
    if (works(AS_NOBODY, program, program.getParent(), false)) {
      give(directory);
      if (works(AS_NOBODY, program, directory)) {
        return AS_NOBODY;
      }
    }
    throw new BackendException(
        "PostgreSQL cannot be run by root, and running it as somebody else failed, both in a user"
            + " namespace (unshare --user) and as nobody (setpriv --reuid). Run this as a normal"
            + " user, or in a directory which everybody may enter: "
            + directory);
  }

  private static boolean works(List<String> prefix, Path program, Path directory) {
    return works(prefix, program, directory, true);
  }

  private static boolean works(List<String> prefix, Path program, Path directory, boolean owned) {
    String test = "test $(id -u) != 0 && test -x \"$0\"";
    if (owned) {
      test += " && test -O \"$1\" && test -w \"$1\"";
    }
    List<String> command = new ArrayList<>(prefix);
    command.addAll(
        List.of("sh", "-c", test + " && echo yes", program.toString(), directory.toString()));
    return "yes".equals(output(command));
  }

  private static void give(Path directory) {
    try (Stream<Path> paths = Files.walk(directory)) {
      for (Path path : paths.toList()) {
        Files.setAttribute(path, "unix:uid", NOBODY, LinkOption.NOFOLLOW_LINKS);
        Files.setAttribute(path, "unix:gid", NOBODY, LinkOption.NOFOLLOW_LINKS);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot give " + directory + " to nobody", e);
    }
  }

  private static String output(List<String> command) {
    try {
      Process process =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
      process.getOutputStream().close();
      String text =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      Processes.waitFor(process, Duration.ofSeconds(10));
      return text;
    } catch (IOException e) {
      return ""; // there is no such command
    }
  }
}
