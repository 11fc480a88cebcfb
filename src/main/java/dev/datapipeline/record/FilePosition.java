package dev.datapipeline.record;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;

/**
 * How far a file has been read. It travels in a header of the record that holds the line before the
 * position, so the transaction that stores the record can store the position too. It says what the
 * file is, so the position can be stored and found again even if the database knows nothing of the
 * file.
 *
 * @param reader the name of the reader that follows the file
 * @param file the file's id, which is never issued twice; newer files have larger ids
 * @param path the path at which the file was found
 * @param inode its inode number in the file system
 * @param fingerprint identifies its first bytes
 * @param next the offset of the next line
 */
public record FilePosition(
    String reader, UUID file, String path, long inode, Fingerprint fingerprint, long next) {
  /** The name of the header. */
  public static final String HEADER = "datapipeline-file";

  private static final byte VERSION = 2;
  private static final int FIXED_BYTES = 1 + 4 * Long.BYTES + 3 * Short.BYTES + 32;
  private static final int MAX_READER_BYTES = 100;
  private static final int MAX_PATH_BYTES = 1 << 14;

  /** Checks that nothing is missing and that the offset isn't negative. */
  public FilePosition {
    Objects.requireNonNull(reader, "reader");
    Objects.requireNonNull(file, "file");
    Objects.requireNonNull(path, "path");
    Objects.requireNonNull(fingerprint, "fingerprint");
    if (next < 0) {
      throw new IllegalArgumentException("negative offset");
    }
  }

  /**
   * Returns another position in the same file.
   *
   * @param offset the offset of the next line
   * @return not null
   */
  public FilePosition at(long offset) {
    return new FilePosition(reader, file, path, inode, fingerprint, offset);
  }

  /**
   * Returns the same position with a fingerprint that covers more bytes.
   *
   * @param longer the fingerprint of the file after it has grown
   * @return not null
   */
  public FilePosition with(Fingerprint longer) {
    return new FilePosition(reader, file, path, inode, longer, next);
  }

  /**
   * Returns whether another position can be in the same file. The database has the same condition
   * for the records that it stores.
   *
   * @param other a position
   * @return false if the two contradict each other about what the file is
   */
  public boolean isSameFile(FilePosition other) {
    return file.equals(other.file)
        && reader.equals(other.reader)
        && inode == other.inode
        && (fingerprint.length() != other.fingerprint.length()
            || fingerprint.equals(other.fingerprint));
  }

  /**
   * Parses the value of the header.
   *
   * @param header the value
   * @return empty if it isn't a well-formed position. PostgreSQL accepts whatever is well-formed.
   */
  public static Optional<FilePosition> of(byte[] header) {
    try {
      ByteBuffer bytes = ByteBuffer.wrap(header);
      if (bytes.get() != VERSION) {
        return Optional.empty();
      }
      UUID file = new UUID(bytes.getLong(), bytes.getLong());
      long next = bytes.getLong();
      long inode = bytes.getLong();
      int length = bytes.getShort();
      byte[] digest = new byte[Fingerprint.DIGEST_BYTES];
      bytes.get(digest);
      String reader = text(bytes, MAX_READER_BYTES);
      String path = text(bytes, MAX_PATH_BYTES);
      return bytes.hasRemaining()
          ? Optional.empty()
          : Optional.of(
              new FilePosition(reader, file, path, inode, new Fingerprint(digest, length), next));
    } catch (BufferUnderflowException | CharacterCodingException | IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static String text(ByteBuffer bytes, int maxBytes) throws CharacterCodingException {
    int length = bytes.getShort();
    if (length < 1 || length > maxBytes || length > bytes.remaining()) {
      throw new IllegalArgumentException("not a text");
    }
    String text =
        StandardCharsets.UTF_8
            .newDecoder()
            .decode(bytes.slice(bytes.position(), length))
            .toString();
    bytes.position(bytes.position() + length);
    if (text.indexOf('\0') >= 0) {
      throw new IllegalArgumentException("PostgreSQL has no text with this character");
    }
    return text;
  }

  /**
   * Returns the value of the header.
   *
   * @return the version, the id, the offset, the inode, the fingerprint, the reader and the path;
   *     numbers are big-endian
   */
  public byte[] toBytes() {
    byte[] readerBytes = reader.getBytes(StandardCharsets.UTF_8);
    byte[] pathBytes = path.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(FIXED_BYTES + readerBytes.length + pathBytes.length)
        .put(VERSION)
        .putLong(file.getMostSignificantBits())
        .putLong(file.getLeastSignificantBits())
        .putLong(next)
        .putLong(inode)
        .putShort((short) fingerprint.length())
        .put(fingerprint.digest())
        .putShort((short) readerBytes.length)
        .put(readerBytes)
        .putShort((short) pathBytes.length)
        .put(pathBytes)
        .array();
  }
}
