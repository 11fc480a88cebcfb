package dev.datapipeline.backends;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A lock on a file, held by one process until it is closed or the process ends for any reason. It
 * also excludes other holders within the same JVM.
 */
final class DirectoryLock implements AutoCloseable {
  // Closing any channel of a file drops the process's locks on it. A second attempt in the same JVM
  // must therefore not open the file.
  private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

  private final Path file;
  private final FileChannel channel;

  private DirectoryLock(Path file, FileChannel channel) {
    this.file = file;
    this.channel = channel;
  }

  /**
   * Takes the lock.
   *
   * @throws BackendException if another run holds it; the message names directory and process
   */
  static DirectoryLock acquire(Path file) {
    DirectoryLock lock = tryAcquire(file);
    if (lock == null) {
      throw new BackendException(
          "Another run"
              + owner(file)
              + " already uses "
              + file.getParent()
              + ": stop it first (most likely another mvn in the same checkout), or use another"
              + " directory.");
    }
    return lock;
  }

  /** Takes the lock, or returns null if someone else holds it. */
  static DirectoryLock tryAcquire(Path file) {
    Path key = file.toAbsolutePath().normalize();
    if (!HELD.add(key)) {
      return null;
    }
    FileChannel channel = null;
    FileLock lock = null;
    try {
      Files.createDirectories(key.getParent());
      channel =
          FileChannel.open(
              key, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
      lock = channel.tryLock();
      if (lock == null) {
        return null;
      }
      channel.truncate(0);
      channel.write(
          ByteBuffer.wrap(
              Long.toString(ProcessHandle.current().pid()).getBytes(StandardCharsets.UTF_8)));
      return new DirectoryLock(key, channel);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot lock " + file, e);
    } finally {
      if (lock == null) {
        closeQuietly(channel);
        HELD.remove(key);
      }
    }
  }

  private static String owner(Path file) {
    if (HELD.contains(file.toAbsolutePath().normalize())) {
      return " in this process";
    }
    try {
      return " (process " + Files.readString(file) + ")";
    } catch (IOException e) {
      return "";
    }
  }

  private static void closeQuietly(FileChannel channel) {
    try {
      if (channel != null) {
        channel.close();
      }
    } catch (IOException e) {
      // nothing was written, so nothing is lost
    }
  }

  @Override
  public void close() {
    closeQuietly(channel);
    HELD.remove(file);
  }
}
