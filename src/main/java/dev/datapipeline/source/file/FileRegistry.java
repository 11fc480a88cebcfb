package dev.datapipeline.source.file;

import com.github.f4b6a3.uuid.UuidCreator;
import dev.datapipeline.config.FileConfig;
import dev.datapipeline.record.FilePosition;
import dev.datapipeline.record.FileProgress;
import dev.datapipeline.record.Fingerprint;
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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;

/**
 * The followed files of one reader. It recognizes a file by its inode and its first bytes, so that
 * a file is read once, whether it is renamed, copied, truncated or deleted. A file that can't be
 * read doesn't stop the others. Not thread-safe.
 */
final class FileRegistry {
  private static final Logger LOG = Logger.getLogger(FileRegistry.class.getName());

  /** Shorter files may have only a header in common and still be different files. */
  private static final int MIN_COPY_BYTES = 64;

  /** Programs that have a deleted file open may still write to it for a while. */
  private static final Duration CLOSE_AFTER = Duration.ofMinutes(5);

  /** Each new file takes a statement, and the lease must be renewed in time. Copies don't count. */
  private static final int MAX_NEW = 500;

  /** Something that may fail for one file. */
  private interface FileAction {
    void run() throws IOException, SQLException;
  }

  private final FileConfig config;
  private final FilePositions positions;
  private final InstantSource clock;
  private final InstantSource steady;
  private final DirectoryScan scan;
  private final Problems problems = new Problems();

  /** By inode, in the order in which the files were found. */
  private final Map<Long, FollowedFile> files = new LinkedHashMap<>();

  /**
   * Other files that had the same inode, newest first. After the database was restored it isn't
   * known which of them exists now, and records of another deployment may name any inode.
   */
  private final Map<Long, List<FollowedFile>> others = new HashMap<>();

  /** All known files by their paths, as of the last scan. */
  private final Map<String, List<FollowedFile>> byPath = new HashMap<>();

  /** The positions of lines that are on the topic, and may not be stored. */
  private final Map<UUID, FilePosition> unstored = new HashMap<>();

  /** Whether the database knows no file that isn't known here. */
  private boolean complete;

  FileRegistry(
      FileConfig config, FilePositions positions, InstantSource clock, InstantSource steady) {
    this(config, positions, clock, steady, new DirectoryScan(config.path(), config.pattern()));
  }

  FileRegistry(
      FileConfig config,
      FilePositions positions,
      InstantSource clock,
      InstantSource steady,
      DirectoryScan scan) {
    this.config = config;
    this.positions = positions;
    this.clock = clock;
    this.steady = steady;
    this.scan = scan;
  }

  /**
   * Forgets all files and loads their stored positions.
   *
   * @param progress positions of lines that are on the topic but not stored yet; they take
   *     precedence over smaller stored positions, and over a database that doesn't know the file
   */
  void load(FileProgress progress) throws SQLException {
    close();
    positions.adoptNumbered(config.reader(), progress.numbered());
    List<FilePosition> onTopic = progress.positions();
    List<KnownFile> stored =
        positions.files(
            config.reader(),
            config.maxFiles(),
            onTopic.stream().map(FilePosition::file).distinct().toList());
    complete = stored.size() < config.maxFiles();
    Map<UUID, KnownFile> known = new HashMap<>();
    stored.forEach(file -> known.put(file.position().file(), file));
    for (FilePosition position : onTopic) {
      KnownFile file = known.get(position.file());
      if (file == null
          ? position.reader().equals(config.reader())
          : !file.ended() && position.isSameFile(file.position())) {
        unstored.merge(
            position.file(), position, (one, other) -> other.next() > one.next() ? other : one);
      }
    }
    List<FilePosition> followed = new ArrayList<>();
    for (KnownFile file : stored) {
      if (!file.ended()) {
        followed.add(withUnstored(file.position()));
      }
    }
    unstored.keySet().stream()
        .filter(id -> !known.containsKey(id))
        .map(unstored::get)
        .forEach(followed::add);
    know(followed);
  }

  private FilePosition withUnstored(FilePosition stored) {
    FilePosition ahead = unstored.get(stored.file());
    return ahead == null || ahead.next() <= stored.next() ? stored : ahead;
  }

  /** Adds files whose positions are known. Of those with the same inode, the newest is followed. */
  private void know(Collection<FilePosition> known) {
    known.stream()
        .sorted(Comparator.comparing(FilePosition::file))
        .map(FollowedFile::new)
        .forEach(
            file -> {
              FollowedFile older = files.put(file.inode(), file);
              if (older != null) {
                others.computeIfAbsent(file.inode(), any -> new ArrayList<>()).add(0, older);
              }
            });
  }

  /** Returns the open files, in the order in which they were found. */
  List<FileTail> openFiles() {
    return files.values().stream().map(FollowedFile::tail).filter(Objects::nonNull).toList();
  }

  /** Describes in one line which files can't be followed now; empty if there are none. */
  Optional<String> problem() {
    return problems.text();
  }

  /** Closes a file that can't be read at the moment. The next refresh opens it again. */
  void failed(FileTail tail, IOException cause) {
    for (FollowedFile file : files.values()) {
      if (file.tail() == tail) {
        problems.add(Path.of(file.path()), cause);
        close(file);
      }
    }
  }

  /** Finds files that were created, renamed, truncated or deleted. */
  void refresh() throws IOException, SQLException {
    problems.clear();
    Map<Long, Path> found = scan();
    addNew(found);
    Map<Long, Path> truncated = new LinkedHashMap<>();
    for (Map.Entry<Long, Path> entry : found.entrySet()) {
      attempt(
          entry.getValue(),
          () -> {
            if (files.containsKey(entry.getKey()) && !continues(entry.getKey(), entry.getValue())) {
              truncated.put(entry.getKey(), entry.getValue());
            }
          });
    }
    if (!truncated.isEmpty()) {
      // A copy is recognized only while its original is known. One that was made after the first
      // scan exists by now, because rotation copies a file before it truncates it.
      addNew(scan());
      for (Map.Entry<Long, Path> entry : truncated.entrySet()) {
        attempt(entry.getValue(), () -> startAgain(entry.getKey(), entry.getValue()));
      }
    }
    others.keySet().removeAll(found.keySet());
    closeDeleted(found.keySet());
    forgetDeleted(found.keySet());
  }

  /** Does something with one file. If it fails, that is reported, and the others are followed. */
  private void attempt(Path path, FileAction action) throws SQLException {
    try {
      action.run();
    } catch (NoSuchFileException e) {
      LOG.log(Level.FINE, "deleted during the scan", e);
    } catch (IOException e) {
      problems.add(path, e);
    }
  }

  /** Lists the files that are followed or may have to be. */
  private Map<Long, Path> scan() throws IOException {
    problems.scanBegins();
    byPath.clear();
    Stream.concat(files.values().stream(), others.values().stream().flatMap(Collection::stream))
        .forEach(this::addPath);
    Map<Boolean, Integer> candidates = new HashMap<>();
    return scan.files(
        (inode, path) -> {
          if (files.containsKey(inode)) {
            return true;
          }
          boolean wanted = scan.isWanted(path);
          if (!wanted && possibleOriginals(path).isEmpty()) {
            return false;
          }
          if (candidates.merge(wanted, 1, Integer::sum) > config.maxFiles()) {
            problems.addSkipped(wanted);
            return false;
          }
          return true;
        },
        problems);
  }

  private void addPath(FollowedFile file) {
    byPath.computeIfAbsent(file.path(), any -> new ArrayList<>()).add(file);
  }

  /** Returns the known files that have this path without a suffix, as log rotation adds it. */
  private List<FollowedFile> possibleOriginals(Path path) {
    List<FollowedFile> originals = new ArrayList<>();
    String text = path.toString();
    for (int end = text.length() - 1; end > 0 && text.charAt(end) != '/'; end--) {
      originals.addAll(byPath.getOrDefault(text.substring(0, end), List.of()));
    }
    return originals;
  }

  private void addNew(Map<Long, Path> found) throws SQLException {
    Set<Long> unknown = new HashSet<>(found.keySet());
    unknown.removeAll(files.keySet());
    if (!complete && !unknown.isEmpty()) {
      know(
          positions.filesWithInodes(config.reader(), unknown).stream()
              .map(file -> withUnstored(file.position()))
              .toList());
    }
    long followed =
        files.values().stream()
            .filter(file -> file.isOpen() || found.containsKey(file.inode()))
            .count();
    int added = 0;
    for (Map.Entry<Long, Path> entry : found.entrySet()) {
      long inode = entry.getKey();
      if (!files.containsKey(inode)
          && (!possibleOriginals(entry.getValue()).isEmpty() || added++ < MAX_NEW)) {
        if (followed < config.maxFiles()) {
          attempt(entry.getValue(), () -> add(inode, entry.getValue()));
          followed += files.containsKey(inode) ? 1 : 0;
        } else {
          problems.addSkipped(scan.isWanted(entry.getValue()));
        }
      }
    }
  }

  /** Returns whether a file still has what was read of it, and opens it then. */
  private boolean continues(long inode, Path path) throws IOException {
    FollowedFile file = files.get(inode);
    byte[] first = file.firstBytes(path);
    long size = file.size(path);
    if (!file.isOpen()) {
      DirectoryScan.requireInode(path, inode);
    }
    if (!file.continuesIn(first, size)) {
      Optional<FollowedFile> other =
          others.getOrDefault(inode, List.of()).stream()
              .filter(candidate -> candidate.continuesIn(first, size))
              .findFirst();
      if (other.isEmpty()) {
        return false;
      }
      file = other.get();
      files.put(inode, file);
    }
    file.extendFingerprint(first);
    file.open(path, config, clock, steady);
    return true;
  }

  private void startAgain(long inode, Path path) throws IOException, SQLException {
    LOG.info("%s was truncated or overwritten".formatted(path));
    positions.end(config.reader(), inode);
    close(files.remove(inode));
    add(inode, path);
  }

  private void add(long inode, Path path) throws IOException, SQLException {
    byte[] first = FileTail.firstBytes(path);
    long size = Files.size(path);
    DirectoryScan.requireInode(path, inode);
    List<FollowedFile> originals = possibleOriginals(path);
    // Log rotation can copy a file and then truncate the original. Such a copy has the original's
    // path with a suffix, and the same first bytes.
    Optional<FollowedFile> original =
        originals.stream()
            .filter(file -> file.fingerprint().length() >= MIN_COPY_BYTES)
            .filter(file -> file.continuesIn(first, size))
            .findFirst();
    if (original.isEmpty() && isUnfinishedCopy(originals, first, size)) {
      return;
    }
    // an empty file can't be told from other empty files yet
    if (first.length > 0 && (original.isPresent() || scan.isWanted(path))) {
      FilePosition start =
          new FilePosition(
              config.reader(),
              UuidCreator.getTimeOrderedEpoch(),
              path.toString(),
              inode,
              Fingerprint.of(first),
              original.map(FollowedFile::position).orElse(0L));
      positions.add(start);
      FollowedFile added = new FollowedFile(start);
      files.put(inode, added);
      addPath(added);
      added.open(path, config, clock, steady);
    }
  }

  /**
   * Returns whether a file is a copy that is still being written: it has the same first bytes as
   * its original, but is shorter than what has been read of the original.
   */
  private static boolean isUnfinishedCopy(List<FollowedFile> originals, byte[] first, long size)
      throws IOException {
    for (FollowedFile file : originals) {
      if (file.isOpen()
          && size < file.position()
          && Arrays.equals(file.tail().firstBytes(first.length), first)) {
        return true;
      }
    }
    return false;
  }

  /** Closes deleted files that are read completely. An open file keeps its disk space. */
  private void closeDeleted(Set<Long> existing) throws SQLException {
    Instant now = steady.instant();
    for (Map.Entry<Long, FollowedFile> entry : files.entrySet()) {
      FollowedFile file = entry.getValue();
      if (existing.contains(entry.getKey())) {
        file.found();
      } else if (file.isOpen() && file.isMissingFor(CLOSE_AFTER, now)) {
        attempt(
            Path.of(file.path()),
            () -> {
              if (file.position() >= file.tail().size()) {
                // its position is kept: the file may be moved back
                file.close();
              }
            });
      }
    }
  }

  /**
   * Forgets deleted files once too many are known. Their positions are in the database then, where
   * they are found if such a file is moved back.
   */
  private void forgetDeleted(Set<Long> existing) throws SQLException {
    if (files.size() <= config.maxFiles()) {
      return;
    }
    Map<UUID, FollowedFile> deleted = new HashMap<>();
    for (FollowedFile file : files.values()) {
      if (!file.isOpen() && !existing.contains(file.inode())) {
        deleted.put(file.id(), file);
      }
    }
    for (KnownFile stored : positions.files(config.reader(), 0, deleted.keySet())) {
      FollowedFile file = deleted.get(stored.position().file());
      if (stored.position().next() >= file.position()) {
        files.remove(file.inode());
        unstored.remove(file.id());
        complete = false;
      }
    }
  }

  /** Closes and forgets all files. */
  void close() {
    files.values().forEach(FileRegistry::close);
    files.clear();
    others.clear();
    byPath.clear();
    unstored.clear();
    problems.clear();
  }

  private static void close(FollowedFile file) {
    try {
      file.close();
    } catch (IOException e) {
      LOG.log(Level.FINE, "not closed", e);
    }
  }
}
