package dev.datapipeline.record;

import java.nio.ByteBuffer;
import java.util.Optional;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;

/**
 * How far a file is read, as it travels with a record.
 *
 * @param file the row of {@code file_positions}
 * @param next the offset in the file of what follows
 */
public record FilePosition(long file, long next) {
  /** The name of the record's header. */
  public static final String HEADER = "datapipeline-file";

  /**
   * Reads the position that a record carries.
   *
   * @param headers the record's headers
   * @return empty if it carries none that is well formed
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
   * Returns the header's value.
   *
   * @return 16 bytes
   */
  public byte[] toBytes() {
    return ByteBuffer.allocate(2 * Long.BYTES).putLong(file).putLong(next).array();
  }
}
