package dev.datapipeline.source.file;

import dev.datapipeline.config.FileConfig;
import dev.datapipeline.config.KafkaConfig;
import dev.datapipeline.source.Event;
import dev.datapipeline.source.ResumableSource;
import dev.datapipeline.storage.FilePositions;
import dev.datapipeline.storage.FilePositions.KnownFile;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Follows a file, or the files of a directory. A file is known by its inode and its first bytes,
 * and stays open, so it is read to its end when it is renamed or deleted meanwhile.
 */
@ApplicationScoped
public class FileSource implements ResumableSource {
  private static final Logger LOG = Logger.getLogger(FileSource.class.getName());

  /** Whoever stops renewing it has stopped, or hangs; Kafka fences it then. */
  private static final Duration LEASE = Duration.ofSeconds(10);

  private static final Duration RENEWAL = Duration.ofSeconds(2);
  private static final int FINGERPRINT_BYTES = 1024;

  /** With fewer, files that have nothing but a header in common would be taken for copies. */
  private static final int MIN_COPY_BYTES = 64;

  /** A file that is gone may still be written to for a while by who has it open. */
  private static final Duration CLOSE_AFTER = Duration.ofMinutes(5);

  private static final long MAX_BYTES = 4L << 20;
  private static final Pattern LEFT_OUT =
      Pattern.compile("\\..*|.*\\.(gz|bz2|xz|zst|zip|tmp|swp)|.*~");

  private final FileConfig config;
  private final String transactionalId;
  private final FilePositions positions;
  private final UUID holder = UUID.randomUUID();
  private final Clock clock = Clock.systemUTC();

  /** The files that are open, by their inodes. */
  private final Map<Long, FollowedFile> open = new LinkedHashMap<>();

  /** What the database knows, by inode; as it was found, but for the fingerprints. */
  private final Map<Long, KnownFile> known = new HashMap<>();

  private final Map<Long, Instant> goneSince = new HashMap<>();
  private Map<Long, Long> onTheWay = Map.of();
  private Instant renewedAt = Instant.EPOCH;
  private boolean claimed;

  /** For the container's proxy only. */
  protected FileSource() {
    config = null;
    transactionalId = null;
    positions = null;
  }

  /**
   * Opens nothing yet.
   *
   * @param config which files, and what their lines are
   * @param kafka whose group belongs to the name of the transactions
   * @param positions what the database knows of the files
   */
  @Inject
  public FileSource(FileConfig config, KafkaConfig kafka, FilePositions positions) {
    this.config = config;
    this.transactionalId = "%s-file-%s".formatted(kafka.groupId(), config.reader());
    this.positions = positions;
  }

  @Override
  public String name() {
    return "file";
  }

  @Override
  public String transactionalId() {
    return transactionalId;
  }

  @Override
  public synchronized boolean claim() {
    Instant now = clock.instant();
    if (claimed && now.isBefore(renewedAt.plus(RENEWAL))) {
      return true;
    }
    try {
      boolean before = claimed;
      claimed = positions.claim(config.reader(), holder, LEASE);
      renewedAt = now;
      if (claimed != before) {
        LOG.info(
            claimed
                ? "this instance follows " + config.path()
                : "another instance follows the files of reader " + config.reader());
      }
      return claimed;
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public synchronized void resume(Map<Long, Long> newOnTheWay) {
    closeAll();
    onTheWay = Map.copyOf(newOnTheWay);
    try {
      for (KnownFile file : positions.files(config.reader())) {
        known.put(file.inode(), file);
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public synchronized List<Event> next(int max) {
    List<Event> events = new ArrayList<>();
    try {
      look();
      long bytes = 0;
      for (FollowedFile file : open.values()) {
        bytes += file.read(events, max, MAX_BYTES - bytes);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
    return events;
  }

  /** Finds out what has been created, renamed, truncated and deleted. */
  private void look() throws IOException, SQLException {
    Path directory =
        Files.isDirectory(config.path())
            ? config.path()
            : config.path().toAbsolutePath().getParent();
    Map<Long, Path> there = new LinkedHashMap<>();
    for (Path path : files(directory)) {
      try {
        there.put(((Number) Files.getAttribute(path, "unix:ino")).longValue(), path);
      } catch (NoSuchFileException e) {
        LOG.log(Level.FINE, "gone while it was looked at", e);
      }
    }
    List<Long> inodes = new ArrayList<>(there.keySet());
    // a copy is recognized as long as it is not noticed that its original was truncated
    inodes.sort(Comparator.comparing(known::containsKey));
    for (Long inode : inodes) {
      try {
        look(there.get(inode), inode);
      } catch (NoSuchFileException e) {
        LOG.log(Level.FINE, "gone while it was looked at", e);
      }
    }
    closeGone(there.keySet());
  }

  private static List<Path> files(Path directory) throws IOException {
    try (Stream<Path> entries = Files.list(directory)) {
      return entries
          .filter(Files::isRegularFile)
          .filter(path -> !LEFT_OUT.matcher(path.getFileName().toString()).matches())
          .sorted()
          .toList();
    }
  }

  private boolean isWanted(Path path) throws IOException {
    if (!Files.isDirectory(config.path())) {
      return path.getFileName().equals(config.path().getFileName());
    }
    PathMatcher matcher = FileSystems.getDefault().getPathMatcher("glob:" + config.pattern());
    return matcher.matches(path.getFileName());
  }

  private void look(Path path, long inode) throws IOException, SQLException {
    KnownFile file = known.get(inode);
    if (file != null) {
      byte[] first = firstBytes(path, inode);
      if (matches(file, first) && size(path, inode) >= position(file)) {
        if (first.length > file.fingerprintLength()) {
          positions.fingerprint(file.id(), digest(first, first.length), first.length);
          known.put(inode, with(file, first));
        }
        follow(path, known.get(inode));
        return;
      }
      LOG.info("%s was truncated or written anew".formatted(path));
      positions.end(file.id());
      known.remove(inode);
      FollowedFile former = open.remove(inode);
      if (former != null) {
        former.close();
      }
    }
    byte[] first = firstBytes(path, inode);
    Optional<KnownFile> original = original(path, inode, first);
    if (original.isEmpty() && isCopyInTheMaking(path, inode, first)) {
      return;
    }
    // an empty file cannot be told from the next one yet
    if (first.length > 0 && (original.isPresent() || isWanted(path))) {
      long next = original.map(this::position).orElse(0L);
      KnownFile found =
          new KnownFile(0, path.toString(), inode, digest(first, first.length), first.length, next);
      long id = positions.add(config.reader(), found);
      known.put(
          inode,
          new KnownFile(
              id, found.path(), inode, found.fingerprint(), found.fingerprintLength(), next));
      follow(path, known.get(inode));
    }
  }

  private static KnownFile at(KnownFile file, long next) {
    return new KnownFile(
        file.id(), file.path(), file.inode(), file.fingerprint(), file.fingerprintLength(), next);
  }

  private static KnownFile with(KnownFile file, byte[] first) {
    return new KnownFile(
        file.id(),
        file.path(),
        file.inode(),
        digest(first, first.length),
        first.length,
        file.next());
  }

  private void follow(Path path, KnownFile file) throws IOException {
    if (!open.containsKey(file.inode())) {
      open.put(
          file.inode(),
          new FollowedFile(path, Path.of(file.path()), file.id(), position(file), config, clock));
    }
  }

  /** Returns how far a file is read. */
  private long position(KnownFile file) {
    FollowedFile followed = open.get(file.inode());
    return followed != null
        ? followed.position()
        : Math.max(file.next(), onTheWay.getOrDefault(file.id(), 0L));
  }

  private long size(Path path, long inode) throws IOException {
    FollowedFile followed = open.get(inode);
    return followed != null ? followed.size() : Files.size(path);
  }

  private byte[] firstBytes(Path path, long inode) throws IOException {
    FollowedFile followed = open.get(inode);
    if (followed != null) {
      return followed.firstBytes(FINGERPRINT_BYTES);
    }
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      return FollowedFile.firstBytes(channel, FINGERPRINT_BYTES);
    }
  }

  /**
   * Returns the file of which this one is a copy that rotation made before it truncated the file:
   * it has the name and something behind it, and the same first bytes.
   */
  private Optional<KnownFile> original(Path path, long inode, byte[] first) throws IOException {
    for (KnownFile file : known.values()) {
      if (file.inode() != inode
          && file.fingerprintLength() >= MIN_COPY_BYTES
          && isNamedAfter(path, file)
          && matches(file, first)
          && Files.size(path) >= position(file)) {
        return Optional.of(file);
      }
    }
    return Optional.empty();
  }

  /**
   * Returns whether the file is the beginning of what is read of the one that it is named after.
   */
  private boolean isCopyInTheMaking(Path path, long inode, byte[] first) throws IOException {
    for (KnownFile file : known.values()) {
      FollowedFile followed = open.get(file.inode());
      if (followed != null
          && file.inode() != inode
          && isNamedAfter(path, file)
          && Files.size(path) < followed.position()
          && Arrays.equals(followed.firstBytes(first.length), first)) {
        return true;
      }
    }
    return false;
  }

  private static boolean isNamedAfter(Path path, KnownFile file) {
    return path.toString().startsWith(file.path())
        && path.toString().length() > file.path().length();
  }

  private static boolean matches(KnownFile file, byte[] first) {
    return first.length >= file.fingerprintLength()
        && Arrays.equals(digest(first, file.fingerprintLength()), file.fingerprint());
  }

  private static byte[] digest(byte[] bytes, int length) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(bytes, 0, length);
      return digest.digest();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * Closes files that are gone and read to their ends: an open file keeps its space on the disk.
   */
  private void closeGone(Set<Long> there) throws IOException {
    goneSince.keySet().removeAll(there);
    Instant now = clock.instant();
    for (Long inode : List.copyOf(open.keySet())) {
      FollowedFile file = open.get(inode);
      if (!there.contains(inode)
          && goneSince.computeIfAbsent(inode, any -> now).plus(CLOSE_AFTER).isBefore(now)
          && file.position() >= file.size()) {
        open.remove(inode).close();
        goneSince.remove(inode);
        // it may come back
        known.computeIfPresent(inode, (same, before) -> at(before, file.position()));
      }
    }
  }

  private void closeAll() {
    for (FollowedFile file : open.values()) {
      try {
        file.close();
      } catch (IOException e) {
        LOG.log(Level.FINE, "not closed", e);
      }
    }
    open.clear();
    known.clear();
    goneSince.clear();
  }

  @PreDestroy
  synchronized void stop() {
    closeAll();
    if (claimed) {
      try {
        positions.release(config.reader(), holder);
      } catch (SQLException | RuntimeException e) {
        LOG.log(Level.FINE, "the lease ends by itself", e);
      }
    }
  }
}
