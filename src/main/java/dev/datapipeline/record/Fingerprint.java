package dev.datapipeline.record;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;

/**
 * A digest of the first bytes of a file. An inode is used again after its file was deleted, so the
 * inode alone doesn't identify a file.
 *
 * @param digest the SHA-256 digest; not copied, so don't change it afterwards
 * @param length the number of bytes that it covers, at most {@link #MAX_BYTES}
 */
public record Fingerprint(byte[] digest, int length) {
  /** A fingerprint covers at most this many bytes. */
  public static final int MAX_BYTES = 1024;

  /** The length of the digest in bytes. */
  static final int DIGEST_BYTES = 32;

  /** Checks the lengths. */
  public Fingerprint {
    if (digest.length != DIGEST_BYTES || length < 0 || length > MAX_BYTES) {
      throw new IllegalArgumentException("not a fingerprint");
    }
  }

  /**
   * Returns the fingerprint of a file that begins with some bytes, and covers all of them.
   *
   * @param firstBytes at most {@link #MAX_BYTES}
   * @return not null
   */
  public static Fingerprint of(byte[] firstBytes) {
    return new Fingerprint(sha256(firstBytes, firstBytes.length), firstBytes.length);
  }

  /**
   * Returns whether a file that begins with some bytes has this fingerprint.
   *
   * @param firstBytes the file's first bytes, as many as there are
   * @return false if there are fewer bytes than the fingerprint covers
   */
  public boolean matches(byte[] firstBytes) {
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

  @Override
  public boolean equals(Object other) {
    return other instanceof Fingerprint that
        && length == that.length
        && Arrays.equals(digest, that.digest);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(digest);
  }

  @Override
  public String toString() {
    return "fingerprint of %d bytes".formatted(length);
  }
}
