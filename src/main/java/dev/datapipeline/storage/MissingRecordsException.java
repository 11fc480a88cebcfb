package dev.datapipeline.storage;

import dev.datapipeline.record.RecordRange;

/**
 * Thrown if a range begins after the position of its partition. The records in between were read
 * but never stored: the application was killed, the partition moved here from another instance, the
 * database was restored, or the topic was created again. They must be read again and stored first.
 */
public final class MissingRecordsException extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient RecordRange range;
  private final long nextOffset;

  /**
   * Creates an exception.
   *
   * @param range the range that can't be stored yet
   * @param nextOffset the position of its partition
   */
  public MissingRecordsException(RecordRange range, long nextOffset) {
    super(
        "%s-%d is stored up to offset %d, and the next records begin at offset %d"
            .formatted(range.topic(), range.partition(), nextOffset, range.from()));
    this.range = range;
    this.nextOffset = nextOffset;
  }

  /**
   * Returns the range that can't be stored yet.
   *
   * @return not null
   */
  public RecordRange range() {
    return range;
  }

  /**
   * Returns the first offset that is missing.
   *
   * @return 0 or more
   */
  public long nextOffset() {
    return nextOffset;
  }
}
