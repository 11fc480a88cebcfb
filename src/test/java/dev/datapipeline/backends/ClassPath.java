package dev.datapipeline.backends;

import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** The class path of these classes, for other JVMs that need it. */
final class ClassPath {
  private ClassPath() {}

  /** Returns the {@code java} program of the running JDK. */
  static String java() {
    return Path.of(System.getProperty("java.home"), "bin", "java").toString();
  }

  /**
   * Writes an argument file for {@code java @file}. The class path is too long for some command
   * lines, and clutters process lists.
   */
  static void writeArguments(Path file, String... options) throws IOException {
    List<String> arguments = new ArrayList<>(List.of(options));
    arguments.add("-cp");
    arguments.add(String.join(File.pathSeparator, entries()));
    Files.createDirectories(file.toAbsolutePath().getParent());
    Files.writeString(
        file,
        arguments.stream()
            .map(argument -> '"' + argument.replace("\\", "\\\\").replace("\"", "\\\"") + "\"\n")
            .collect(Collectors.joining()));
  }

  private static List<String> entries() throws IOException {
    // Inside Maven, java.class.path is the class path of Maven itself.
    if (ClassPath.class.getClassLoader() instanceof URLClassLoader loader) {
      List<String> entries = new ArrayList<>();
      for (URL url : loader.getURLs()) {
        try {
          entries.add(Path.of(url.toURI()).toString());
        } catch (URISyntaxException e) {
          throw new IOException(e);
        }
      }
      return entries;
    }
    return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
        .filter(entry -> !entry.isEmpty())
        .map(entry -> Path.of(entry).toAbsolutePath().toString())
        .toList();
  }
}
