package dev.datapipeline.source.file;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiPredicate;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

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
  private final PathMatcher matcher;

  /**
   * Creates a scan; it reads nothing yet.
   *
   * @param path the directory, or the only file to follow
   * @param glob the names to follow, if the path is a directory
   */
  DirectoryScan(Path path, String glob) {
    this.path = path;
    this.matcher = FileSystems.getDefault().getPathMatcher("glob:" + glob);
  }

  /**
   * Lists the regular files that exist now, in the order of their names. Only those that are asked
   * for take memory.
   *
   * @param filter decides by inode and path which files are listed
   * @param problems receives the files whose attributes can't be read
   * @return the path of each file, by inode
   */
  Map<Long, Path> files(BiPredicate<Long, Path> filter, Problems problems) throws IOException {
    Map<Long, Path> found = new LinkedHashMap<>();
    Path directory = isDirectory() ? path : path.toAbsolutePath().getParent();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory, this::isConsidered)) {
      for (Path file : entries) {
        try {
          Map<String, Object> attributes = Files.readAttributes(file, "unix:ino,isRegularFile");
          long inode = ((Number) attributes.get("ino")).longValue();
          if ((boolean) attributes.get("isRegularFile") && filter.test(inode, file)) {
            found.put(inode, file);
          }
        } catch (NoSuchFileException e) {
          LOG.log(Level.FINE, "deleted during the scan", e);
        } catch (IOException e) {
          if (isWanted(file)) {
            problems.add(file, e);
          }
        }
      }
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    return found.entrySet().stream()
        .sorted(Map.Entry.comparingByValue(Comparator.naturalOrder()))
        .collect(
            Collectors.toMap(
                Map.Entry::getKey, Map.Entry::getValue, (one, other) -> one, LinkedHashMap::new));
  }

  /**
   * Checks that a path still leads to a file. Files are opened by their path, and log rotation may
   * give it to another file at any time. The next scan finds the file at its new path.
   *
   * @throws NoSuchFileException if the path leads to another file, or to none
   */
  static void requireInode(Path file, long inode) throws IOException {
    if (((Number) Files.getAttribute(file, "unix:ino")).longValue() != inode) {
      throw new NoSuchFileException(file.toString(), null, "it was renamed since the scan");
    }
  }

  private boolean isConsidered(Path file) {
    return !IGNORED.matcher(file.getFileName().toString()).matches();
  }

  private boolean isDirectory() {
    return Files.isDirectory(path);
  }

  /** Returns whether a file has one of the names to follow. */
  boolean isWanted(Path file) {
    return isDirectory()
        ? matcher.matches(file.getFileName())
        : file.getFileName().equals(path.getFileName());
  }
}
