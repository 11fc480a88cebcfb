package dev.datapipeline.it;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A Liberty user directory under {@code target/it} with one server that has the configuration files
 * of the product.
 */
final class ServerDirectory {
  static final Path TARGET = Path.of("target").toAbsolutePath();

  /** The runtime that the build unpacked. */
  static final Path RUNTIME = TARGET.resolve("liberty/wlp");

  private static final Path CONFIG = Path.of("liberty/config");

  private final Path userDirectory;
  private final Path server;

  ServerDirectory(String serverName) {
    userDirectory = TARGET.resolve("it").resolve(serverName).resolve("usr");
    server = userDirectory.resolve("servers").resolve(serverName);
    try {
      Files.createDirectories(server.resolve("apps"));
      for (String file :
          new String[] {"server.xml", "jvm.options", "server.env", "bootstrap.properties"}) {
        Files.copy(CONFIG.resolve(file), server.resolve(file), StandardCopyOption.REPLACE_EXISTING);
      }
      installDriver(userDirectory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Copies PostgreSQL's driver to where the servers of a user directory look for it. */
  static void installDriver(Path userDirectory) throws IOException {
    Path drivers = Files.createDirectories(userDirectory.resolve("shared/resources/jdbc"));
    Path driver = driver();
    Files.copy(driver, drivers.resolve(driver.getFileName()), StandardCopyOption.REPLACE_EXISTING);
  }

  private static Path driver() {
    try {
      return Path.of(
          org.postgresql.Driver.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    } catch (java.net.URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  Path userDirectory() {
    return userDirectory;
  }

  Path server() {
    return server;
  }

  /** Copies the WAR of this build into the server. */
  void installApplication() {
    try {
      Files.copy(
          TARGET.resolve("datapipeline.war"),
          server.resolve("apps/datapipeline.war"),
          StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Adds a class to the application of a stopped server. */
  static void addToApplication(String serverName, Path classes, String classFile)
      throws IOException {
    Path war =
        TARGET
            .resolve("it")
            .resolve(serverName)
            .resolve("usr/servers")
            .resolve(serverName)
            .resolve("apps/datapipeline.war");
    try (FileSystem archive = FileSystems.newFileSystem(war)) {
      Path target = archive.getPath("WEB-INF/classes").resolve(classFile);
      Files.createDirectories(target.getParent());
      Files.copy(classes.resolve(classFile), target, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  /** Adds the environment to {@code server.env}, for servers that Arquillian starts. */
  void addEnvironment(Map<String, String> environment) {
    Path file = server.resolve("server.env");
    try {
      write(
          file,
          Files.readString(file)
              + environment.entrySet().stream()
                  .map(entry -> entry.getKey() + "=" + entry.getValue() + "\n")
                  .collect(Collectors.joining()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Removes the application from {@code server.xml}, for tests that deploy it themselves. */
  void withoutApplication() {
    Path file = server.resolve("server.xml");
    try {
      String xml = Files.readString(file);
      String without = xml.replaceFirst("(?s)<webApplication .*</webApplication>", "");
      if (without.equals(xml)) {
        throw new IllegalStateException("no webApplication in " + file);
      }
      write(file, without);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Adds configuration that overrides {@code server.xml}. */
  void override(String name, String elements) {
    write(
        server.resolve("configDropins/overrides").resolve(name),
        "<server>" + elements + "</server>");
  }

  private static void write(Path file, String text) {
    try {
      Files.createDirectories(file.getParent());
      Files.writeString(file, text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
