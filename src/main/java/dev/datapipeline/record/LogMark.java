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
 * @param offset the record's offset; -1 if the log holds no record
 * @param digest identifies the record's timestamp, key and value
 * @param leaderEpoch the record's leader epoch; -1 if it is unknown
 */
public record LogMark(long offset, UUID digest, int leaderEpoch) {

  private static final UUID UNKNOWN = new UUID(0, 0);

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
   * Returns the mark of a log of which no record is known yet.
   *
   * @param offset from which on the log is known, because it holds no record there
   * @return not null
   */
  public static LogMark before(long offset) {
    return new LogMark(offset - 1, UNKNOWN, -1);
  }

  /**
   * Returns whether a record is the one that this mark was made of. The content of a record that is
   * or was too large to be read can't be compared; then the leader epochs are, as far as they are
   * known.
   *
   * @param record may have another offset
   */
  public boolean matches(ConsumerRecord<byte[], byte[]> record) {
    if (record.offset() != offset) {
      return false;
    }
    UUID other = digestOf(record);
    if (digest.equals(UNKNOWN) || other.equals(UNKNOWN)) {
      int epoch = record.leaderEpoch().orElse(-1);
      return epoch < 0 || leaderEpoch < 0 || epoch == leaderEpoch;
    }
    return digest.equals(other);
  }

  /** Returns whether the log is known to hold a record at the offset. */
  public boolean isOfRecord() {
    return leaderEpoch >= 0 || !digest.equals(UNKNOWN);
  }

  /** Returns a mark of the same record whose leader epoch is unknown. */
  public LogMark withoutLeaderEpoch() {
    return new LogMark(offset, digest, -1);
  }

  private static UUID digestOf(ConsumerRecord<byte[], byte[]> record) {
    if (record instanceof OversizedRecord) {
      return UNKNOWN;
    }
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
