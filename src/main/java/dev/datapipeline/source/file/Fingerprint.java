package dev.datapipeline.source.file;

import dev.datapipeline.storage.FilePositions.KnownFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;

/**
 * A digest of the first bytes of a file. An inode is used again after its file was deleted, so the
 * inode alone doesn't identify a file. Immutable.
 */
final class Fingerprint {
  /** A fingerprint covers at most this many bytes. */
  static final int MAX_BYTES = 1024;

  private final byte[] digest;
  private final int length;

  private Fingerprint(byte[] digest, int length) {
    this.digest = digest;
    this.length = length;
  }

  /** Returns the fingerprint of a file that begins with these bytes, and covers all of them. */
  static Fingerprint of(byte[] firstBytes) {
    return new Fingerprint(sha256(firstBytes, firstBytes.length), firstBytes.length);
  }

  /** Returns the stored fingerprint of a file. */
  static Fingerprint of(KnownFile file) {
    return new Fingerprint(file.fingerprint(), file.fingerprintLength());
  }

  /** Reads as many bytes from the start of a file as a fingerprint covers. */
  static byte[] firstBytes(Path path) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      return firstBytes(channel, MAX_BYTES);
    }
  }

  /** Reads the first bytes of a file, fewer than the limit if the file is shorter. */
  static byte[] firstBytes(FileChannel channel, int limit) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(limit);
    int read;
    do {
      read = channel.read(bytes, bytes.position());
    } while (read > 0 && bytes.hasRemaining());
    return Arrays.copyOf(bytes.array(), bytes.position());
  }

  byte[] digest() {
    return digest;
  }

  /** Returns how many bytes the fingerprint covers. */
  int length() {
    return length;
  }

  /** Returns whether a file that begins with these bytes has this fingerprint. */
  boolean matches(byte[] firstBytes) {
    return firstBytes.length >= length && Arrays.equals(sha256(firstBytes, length), digest);
  }

  private static byte[] sha256(byte[] bytes, int length) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(bytes, 0, length);
      return digest.digest();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
