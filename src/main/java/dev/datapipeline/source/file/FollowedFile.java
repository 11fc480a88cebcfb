package dev.datapipeline.source.file;

import dev.datapipeline.config.FileConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/**
 * A file that has a position in the database. It is open while it exists, and for a while after it
 * was deleted. Not thread-safe.
 */
final class FollowedFile {
  private final long id;

  /** The path at which the file was first found; it may have been renamed since. */
  private final Path path;

  private Fingerprint fingerprint;

  /** Where reading starts the next time the file is opened. */
  private long position;

  private FileTail tail;
  private Instant missingSince;

  FollowedFile(long id, Path path, Fingerprint fingerprint, long position) {
    this.id = id;
    this.path = path;
    this.fingerprint = fingerprint;
    this.position = position;
  }

  long id() {
    return id;
  }

  Fingerprint fingerprint() {
    return fingerprint;
  }

  void fingerprint(Fingerprint longer) {
    fingerprint = longer;
  }

  /** Returns the offset of the next line to read. */
  long position() {
    return tail == null ? position : tail.position();
  }

  /** Returns the open file; null if it isn't open. */
  FileTail tail() {
    return tail;
  }

  boolean isOpen() {
    return tail != null;
  }

  /** Opens the file at its present path, unless it is open. */
  void open(Path present, FileConfig config, InstantSource clock) throws IOException {
    if (tail == null) {
      tail = new FileTail(present, path, id, position, config, clock);
    }
  }

  /** Closes the file and keeps its position. */
  void close() throws IOException {
    if (tail != null) {
      position = tail.position();
      missingSince = null;
      FileTail closing = tail;
      tail = null;
      closing.close();
    }
  }

  /**
   * Returns the size of the file.
   *
   * @param present where the file is now, in case it isn't open
   */
  long size(Path present) throws IOException {
    return tail == null ? Files.size(present) : tail.size();
  }

  /**
   * Returns the first bytes of the file.
   *
   * @param present where the file is now, in case it isn't open
   */
  byte[] firstBytes(Path present) throws IOException {
    return tail == null ? Fingerprint.firstBytes(present) : tail.firstBytes(Fingerprint.MAX_BYTES);
  }

  /** Returns whether another path is this file's path with a suffix, as log rotation adds it. */
  boolean isPrefixOf(Path other) {
    return other.toString().startsWith(path.toString())
        && other.toString().length() > path.toString().length();
  }

  /** Records that the file is missing, and returns whether it has been missing for a long time. */
  boolean isMissingFor(Duration time, Instant now) {
    if (missingSince == null) {
      missingSince = now;
    }
    return missingSince.plus(time).isBefore(now);
  }

  /** Records that the file exists. */
  void found() {
    missingSince = null;
  }
}
