package dev.datapipeline.it;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.opentest4j.TestAbortedException;

/** External programs that some tests need and a build can do without. */
final class Tools {
  private static final boolean REQUIRED = Boolean.getBoolean("tools.required");

  private Tools() {}

  /**
   * Returns the program's path. If it is not installed, prints one line and skips the test, or
   * fails it if {@code -Dtools.required=true} is given.
   *
   * @param packageName the Debian package of the program
   * @param commands the names that the program may have, the preferred one first
   */
  static Path require(String packageName, String... commands) {
    Optional<Path> found =
        Stream.of(commands).flatMap(command -> find(command).stream()).findFirst();
    if (found.isPresent()) {
      return found.get();
    }
    String missing =
        "%s is not installed (apt-get install %s)"
            .formatted(String.join(" or ", commands), packageName);
    if (REQUIRED) {
      throw new AssertionError(missing);
    }
    System.out.printf("[WARNING] Tests are skipped: %s%n", missing);
    throw new TestAbortedException(missing);
  }

  private static Optional<Path> find(String command) {
    String path = Optional.ofNullable(System.getenv("PATH")).orElse("");
    return Stream.concat(
            Pattern.compile(Pattern.quote(File.pathSeparator)).splitAsStream(path),
            // Debian's packages install them here, even if PATH lacks it
            Stream.of("/usr/bin", "/usr/sbin"))
        .filter(directory -> !directory.isEmpty())
        .map(directory -> Path.of(directory, command))
        .filter(file -> Files.isRegularFile(file) && Files.isExecutable(file))
        .findFirst();
  }
}
