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

/**
 * Runs programs such as PostgreSQL that refuse to be run by root, or by a user without a name (as
 * in {@code docker run --user 1234}).
 */
final class Unprivileged {
  private static final int NOBODY = 65_534;

  /** In a new user namespace: "nobody" inside, the current user for files outside. */
  private static final List<String> NAMESPACE =
      List.of("unshare", "--user", "--map-user=" + NOBODY, "--map-group=" + NOBODY, "--");

  private static final List<String> AS_NOBODY =
      List.of("setpriv", "--reuid=" + NOBODY, "--regid=" + NOBODY, "--clear-groups", "--");

  private static final String FIT = "test $(id -u) != 0 && id -un >/dev/null && test -x \"$0\"";
  private static final String OWNER = " && test -O \"$1\" && test -w \"$1\"";

  private Unprivileged() {}

  /**
   * Returns the words to put before a command; none if it can be run directly.
   *
   * @param program must be executable for the command's user
   * @param directory must belong to the command's user; given to "nobody" as a last resort
   * @throws BackendException if none of the ways works
   */
  static List<String> prefix(Path program, Path directory) {
    for (List<String> prefix : List.of(List.<String>of(), NAMESPACE)) {
      if (holds(FIT + OWNER, prefix, program, directory)) {
        return prefix;
      }
    }
    if (holds(FIT, AS_NOBODY, program, directory)) {
      give(directory);
      if (holds(FIT + OWNER, AS_NOBODY, program, directory)) {
        return AS_NOBODY;
      }
    }
    throw new BackendException(
        "PostgreSQL cannot be run by root, or by a user without a name, and running it as somebody"
            + " else failed, both in a user namespace (unshare --user) and as nobody (setpriv"
            + " --reuid). Run this as a normal user, or in a directory which everybody may enter: "
            + directory);
  }

  /** Returns whether a test succeeds that runs in the same way as the command. */
  private static boolean holds(String test, List<String> prefix, Path program, Path directory) {
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
      return ""; // the command does not exist
    }
  }
}
