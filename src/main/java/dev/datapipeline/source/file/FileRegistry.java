package dev.datapipeline.source.file;

import dev.datapipeline.config.FileConfig;
import dev.datapipeline.storage.FilePositions;
import dev.datapipeline.storage.FilePositions.KnownFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * The followed files of one reader. It recognizes a file by its inode and its first bytes, so that
 * a file is read once, whether it is renamed, copied, truncated or deleted. Not thread-safe.
 */
final class FileRegistry {
  private static final Logger LOG = Logger.getLogger(FileRegistry.class.getName());

  /** Shorter files may have only a header in common and still be different files. */
  private static final int MIN_COPY_BYTES = 64;

  /** Programs that have a deleted file open may still write to it for a while. */
  private static final Duration CLOSE_AFTER = Duration.ofMinutes(5);

  private final FileConfig config;
  private final FilePositions positions;
  private final InstantSource clock;
  private final DirectoryScan scan;

  /** By inode, in the order in which the files were found. */
  private final Map<Long, FollowedFile> files = new LinkedHashMap<>();

  FileRegistry(FileConfig config, FilePositions positions, InstantSource clock) {
    this(config, positions, clock, new DirectoryScan(config.path(), config.pattern()));
  }

  FileRegistry(
      FileConfig config, FilePositions positions, InstantSource clock, DirectoryScan scan) {
    this.config = config;
    this.positions = positions;
    this.clock = clock;
    this.scan = scan;
  }

  /**
   * Forgets all files and loads their stored positions.
   *
   * @param unstored positions of lines that are on the topic but not stored yet, by file id; they
   *     take precedence over smaller stored positions
   */
  void load(Map<Long, Long> unstored) throws SQLException {
    close();
    for (KnownFile file : positions.files(config.reader())) {
      files.put(
          file.inode(),
          new FollowedFile(
              file.id(),
              Path.of(file.path()),
              Fingerprint.of(file),
              Math.max(file.next(), unstored.getOrDefault(file.id(), 0L))));
    }
  }

  /** Returns the open files, in the order in which they were found. */
  List<FileTail> openFiles() {
    return files.values().stream().map(FollowedFile::tail).filter(Objects::nonNull).toList();
  }

  /** Finds files that were created, renamed, truncated or deleted. */
  void refresh() throws IOException, SQLException {
    Map<Long, Path> found = scan.files();
    addNew(found);
    Map<Long, Path> truncated = new LinkedHashMap<>();
    for (Map.Entry<Long, Path> entry : found.entrySet()) {
      FollowedFile file = files.get(entry.getKey());
      try {
        if (file != null && !continues(file, entry.getValue())) {
          truncated.put(entry.getKey(), entry.getValue());
        }
      } catch (NoSuchFileException e) {
        LOG.log(Level.FINE, "deleted during the scan", e);
      }
    }
    if (!truncated.isEmpty()) {
      // A copy is recognized only while its original is known. One that was made after the first
      // scan
      // exists by now, because rotation copies a file before it truncates it.
      addNew(scan.files());
      for (Map.Entry<Long, Path> entry : truncated.entrySet()) {
        startAgain(entry.getKey(), entry.getValue());
      }
    }
    closeDeleted(found.keySet());
  }

  private void addNew(Map<Long, Path> found) throws IOException, SQLException {
    for (Map.Entry<Long, Path> entry : found.entrySet()) {
      if (!files.containsKey(entry.getKey())) {
        tryToAdd(entry.getKey(), entry.getValue());
      }
    }
  }

  private void tryToAdd(long inode, Path path) throws IOException, SQLException {
    try {
      add(inode, path);
    } catch (NoSuchFileException e) {
      LOG.log(Level.FINE, "deleted during the scan", e);
    }
  }

  /** Returns whether a file still has what was read of it, and opens it then. */
  private boolean continues(FollowedFile file, Path path) throws IOException, SQLException {
    byte[] first = file.firstBytes(path);
    if (!file.fingerprint().matches(first) || file.size(path) < file.position()) {
      return false;
    }
    extendFingerprint(file, first);
    file.open(path, config, clock);
    return true;
  }

  private void startAgain(long inode, Path path) throws IOException, SQLException {
    LOG.info("%s was truncated or overwritten".formatted(path));
    FollowedFile file = files.remove(inode);
    positions.end(file.id());
    file.close();
    tryToAdd(inode, path);
  }

  private void extendFingerprint(FollowedFile file, byte[] first) throws SQLException {
    if (first.length > file.fingerprint().length()) {
      Fingerprint longer = Fingerprint.of(first);
      positions.fingerprint(file.id(), longer.digest(), longer.length());
      file.fingerprint(longer);
    }
  }

  private void add(long inode, Path path) throws IOException, SQLException {
    byte[] first = Fingerprint.firstBytes(path);
    Optional<FollowedFile> original = original(path, first);
    if (original.isEmpty() && isUnfinishedCopy(path, first)) {
      return;
    }
    // an empty file can't be told from other empty files yet
    if (first.length > 0 && (original.isPresent() || scan.isWanted(path))) {
      Fingerprint fingerprint = Fingerprint.of(first);
      long position = original.map(FollowedFile::position).orElse(0L);
      long id =
          positions.add(
              config.reader(),
              new KnownFile(
                  0, path.toString(), inode, fingerprint.digest(), fingerprint.length(), position));
      FollowedFile added = new FollowedFile(id, path, fingerprint, position);
      files.put(inode, added);
      added.open(path, config, clock);
    }
  }

  /**
   * Returns the file that this one is a copy of. Log rotation can copy a file and then truncate the
   * original. Such a copy has the original's path with a suffix, and the same first bytes.
   */
  private Optional<FollowedFile> original(Path path, byte[] first) throws IOException {
    for (FollowedFile file : files.values()) {
      if (file.fingerprint().length() >= MIN_COPY_BYTES
          && file.isPrefixOf(path)
          && file.fingerprint().matches(first)
          && Files.size(path) >= file.position()) {
        return Optional.of(file);
      }
    }
    return Optional.empty();
  }

  /**
   * Returns whether a file is a copy that is still being written: it has the same first bytes as
   * its original, but is shorter than what has been read of the original.
   */
  private boolean isUnfinishedCopy(Path path, byte[] first) throws IOException {
    for (FollowedFile file : files.values()) {
      if (file.isOpen()
          && file.isPrefixOf(path)
          && Files.size(path) < file.position()
          && Arrays.equals(file.tail().firstBytes(first.length), first)) {
        return true;
      }
    }
    return false;
  }

  /** Closes deleted files that are read completely. An open file keeps its disk space. */
  private void closeDeleted(Set<Long> existing) throws IOException {
    Instant now = clock.instant();
    for (Map.Entry<Long, FollowedFile> entry : files.entrySet()) {
      FollowedFile file = entry.getValue();
      if (existing.contains(entry.getKey())) {
        file.found();
      } else if (file.isOpen()
          && file.isMissingFor(CLOSE_AFTER, now)
          && file.position() >= file.tail().size()) {
        // its position is kept: the file may be moved back
        file.close();
      }
    }
  }

  /** Closes and forgets all files. */
  void close() {
    for (FollowedFile file : files.values()) {
      try {
        file.close();
      } catch (IOException e) {
        LOG.log(Level.FINE, "not closed", e);
      }
    }
    files.clear();
  }
}
