package dev.datapipeline.record;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Objects;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Identifies the log of a partition by its last record that was stored. If the log holds another
 * record at this offset, it has lost its end and was written anew.
 *
 * @param offset the record's offset
 * @param digest identifies the record's timestamp, key and value
 * @param leaderEpoch the record's leader epoch; -1 if it is unknown
 */
public record LogMark(long offset, UUID digest, int leaderEpoch) {

  /** Checks that there is a digest. */
  public LogMark {
    Objects.requireNonNull(digest, "digest");
  }

  /**
   * Returns the mark of a record.
   *
   * @param record the last record that is stored
   * @return not null
   */
  public static LogMark of(ConsumerRecord<byte[], byte[]> record) {
    return new LogMark(record.offset(), digestOf(record), record.leaderEpoch().orElse(-1));
  }

  /**
   * Returns whether a record is the one that this mark was made of. The leader epoch is not
   * compared, because the offset and the content tell more.
   *
   * @param record may have another offset
   */
  public boolean matches(ConsumerRecord<byte[], byte[]> record) {
    return record.offset() == offset && digestOf(record).equals(digest);
  }

  private static UUID digestOf(ConsumerRecord<byte[], byte[]> record) {
    MessageDigest sha256;
    try {
      sha256 = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
    sha256.update(ByteBuffer.allocate(Long.BYTES).putLong(record.timestamp()).flip());
    update(sha256, record.key());
    update(sha256, record.value());
    ByteBuffer digest = ByteBuffer.wrap(sha256.digest());
    return new UUID(digest.getLong(), digest.getLong());
  }

  private static void update(MessageDigest digest, byte[] bytes) {
    int length = bytes == null ? -1 : bytes.length;
    digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(length).flip());
    if (bytes != null) {
      digest.update(bytes);
    }
  }
}
