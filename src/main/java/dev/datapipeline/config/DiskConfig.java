package dev.datapipeline.config;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;

/**
 * Which disks are watched.
 *
 * @param paths absolute paths; the file system of each is watched
 */
public record DiskConfig(List<Path> paths) {

  static DiskConfig from(Settings settings) {
    return new DiskConfig(
        settings.list("DISK_PATHS", DiskConfig::path, "absolute paths, separated by commas"));
  }

  private static Path path(String text) {
    try {
      Path path = Path.of(text);
      if (path.isAbsolute()) {
        return path;
      }
    } catch (InvalidPathException e) {
      // refused like a relative path
    }
    throw new IllegalArgumentException();
  }
}
