package dev.datapipeline.record;

import java.nio.ByteBuffer;
import java.util.Optional;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;

/**
 * The position in a file after the line that a record holds. It travels in a header of the record,
 * so the transaction that stores the record can store the position too.
 *
 * @param file the file's id in {@code file_positions}
 * @param next the offset of the next line in the file
 */
public record FilePosition(long file, long next) {
  /** The name of the header. */
  public static final String HEADER = "datapipeline-file";

  /**
   * Returns the position in a record's headers.
   *
   * @param headers the record's headers
   * @return empty if there is no well-formed position
   */
  public static Optional<FilePosition> of(Headers headers) {
    Header header = headers.lastHeader(HEADER);
    if (header == null || header.value() == null || header.value().length != 2 * Long.BYTES) {
      return Optional.empty();
    }
    ByteBuffer bytes = ByteBuffer.wrap(header.value());
    FilePosition position = new FilePosition(bytes.getLong(), bytes.getLong());
    return position.next < 0 ? Optional.empty() : Optional.of(position);
  }

  /**
   * Returns the value of the header.
   *
   * @return two big-endian longs: file and offset
   */
  public byte[] toBytes() {
    return ByteBuffer.allocate(2 * Long.BYTES).putLong(file).putLong(next).array();
  }
}
