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

/** The class path from which these classes come, for other JVMs that need it too. */
final class ClassPath {
  private ClassPath() {}

  /** The {@code java} program of the JDK that runs this. */
  static String java() {
    return Path.of(System.getProperty("java.home"), "bin", "java").toString();
  }

  /**
   * Writes a file for {@code java @file}: a class path is too long for some command lines, and for
   * every reader of a process list.
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
    // Inside Maven, java.class.path is Maven's own.
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
