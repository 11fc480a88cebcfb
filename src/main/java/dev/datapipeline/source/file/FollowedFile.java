package dev.datapipeline.source.file;

import dev.datapipeline.config.FileConfig;
import dev.datapipeline.record.FilePosition;
import dev.datapipeline.record.Fingerprint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.UUID;

/**
 * A file whose position is known. It is open while it exists, and for a while after it was deleted.
 * Not thread-safe.
 */
final class FollowedFile {

  /** Where reading starts the next time the file is opened. */
  private FilePosition start;

  private FileTail tail;
  private Instant missingSince;

  FollowedFile(FilePosition start) {
    this.start = start;
  }

  UUID id() {
    return start.file();
  }

  long inode() {
    return start.inode();
  }

  /** Returns the path at which the file was first found; it may have been renamed since. */
  String path() {
    return start.path();
  }

  Fingerprint fingerprint() {
    return start.fingerprint();
  }

  /** Returns the offset of the next line to read. */
  long position() {
    return tail == null ? start.next() : tail.position();
  }

  /** Returns the open file; null if it isn't open. */
  FileTail tail() {
    return tail;
  }

  boolean isOpen() {
    return tail != null;
  }

  /**
   * Returns whether a file begins with what is known of this one, and has what was read of it.
   *
   * @param first its first bytes
   * @param size its size
   */
  boolean continuesIn(byte[] first, long size) {
    return fingerprint().matches(first) && size >= position();
  }

  /** Extends the fingerprint if the file has grown. */
  void extendFingerprint(byte[] first) {
    if (first.length > fingerprint().length()) {
      start = start.with(Fingerprint.of(first));
      if (tail != null) {
        tail.identify(start);
      }
    }
  }

  /** Opens the file at its present path, unless it is open. */
  void open(Path present, FileConfig config, InstantSource clock, InstantSource steady)
      throws IOException {
    if (tail == null) {
      FileTail opened = new FileTail(present, start, config, clock, steady);
      try {
        DirectoryScan.requireInode(present, inode());
      } catch (IOException e) {
        opened.close();
        throw e;
      }
      tail = opened;
    }
  }

  /** Closes the file and keeps its position. */
  void close() throws IOException {
    if (tail != null) {
      start = start.at(tail.position());
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
    return tail == null ? FileTail.firstBytes(present) : tail.firstBytes(Fingerprint.MAX_BYTES);
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
