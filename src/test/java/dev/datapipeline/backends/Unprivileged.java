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
 * How to run a program that refuses to be run by root, or by a user without a name (as in {@code
 * docker run --user 1234}), as PostgreSQL does.
 */
final class Unprivileged {
  private static final int NOBODY = 65_534;

  /** In a user namespace of its own: nobody inside, while the files stay ours outside. */
  private static final List<String> NAMESPACE =
      List.of("unshare", "--user", "--map-user=" + NOBODY, "--map-group=" + NOBODY, "--");

  private static final List<String> AS_NOBODY =
      List.of("setpriv", "--reuid=" + NOBODY, "--regid=" + NOBODY, "--clear-groups", "--");

  private static final String FIT = "test $(id -u) != 0 && id -un >/dev/null && test -x \"$0\"";
  private static final String OWNER = " && test -O \"$1\" && test -w \"$1\"";

  private Unprivileged() {}

  /**
   * What to put before a command; nothing if it can be run as it is.
   *
   * @param program must be executable for the command
   * @param directory must belong to the command's user; given to "nobody" if there is no other way
   * @throws BackendException no way works
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

  /** Whether a test, run in the same way as the command would be, holds. */
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
      return ""; // there is no such command
    }
  }
}
