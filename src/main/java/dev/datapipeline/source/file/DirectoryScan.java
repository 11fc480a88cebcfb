package dev.datapipeline.source.file;

import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Lists the files of a directory. Files that are not followed themselves are listed too, because a
 * followed file may have been renamed to one of them. Thread-safe.
 */
class DirectoryScan {
  private static final Logger LOG = Logger.getLogger(DirectoryScan.class.getName());

  /** Hidden, compressed, temporary and backup files. */
  private static final Pattern IGNORED =
      Pattern.compile("\\..*|.*\\.(gz|bz2|xz|zst|zip|tmp|swp)|.*~");

  private final Path path;
  private final String glob;

  /**
   * Creates a scan; it reads nothing yet.
   *
   * @param path the directory, or the only file to follow
   * @param glob the names to follow, if the path is a directory
   */
  DirectoryScan(Path path, String glob) {
    this.path = path;
    this.glob = glob;
  }

  /**
   * Lists the files that exist now, in the order of their names.
   *
   * @return the path of each file, by inode
   */
  Map<Long, Path> files() throws IOException {
    Map<Long, Path> found = new LinkedHashMap<>();
    for (Path file : list(directory())) {
      try {
        found.put(((Number) Files.getAttribute(file, "unix:ino")).longValue(), file);
      } catch (NoSuchFileException e) {
        LOG.log(Level.FINE, "deleted during the scan", e);
      }
    }
    return found;
  }

  private Path directory() {
    return Files.isDirectory(path) ? path : path.toAbsolutePath().getParent();
  }

  private static List<Path> list(Path directory) throws IOException {
    try (Stream<Path> entries = Files.list(directory)) {
      return entries
          .filter(Files::isRegularFile)
          .filter(file -> !IGNORED.matcher(file.getFileName().toString()).matches())
          .sorted()
          .toList();
    }
  }

  /** Returns whether a file has one of the names to follow. */
  boolean isWanted(Path file) {
    return Files.isDirectory(path)
        ? FileSystems.getDefault().getPathMatcher("glob:" + glob).matches(file.getFileName())
        : file.getFileName().equals(path.getFileName());
  }
}
