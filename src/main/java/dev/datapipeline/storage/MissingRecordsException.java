package dev.datapipeline.storage;

import dev.datapipeline.record.RecordRange;

/**
 * A range begins behind the position up to which its partition is stored. What lies between was
 * never stored: the database was restored to an earlier state, the group was moved forward, or the
 * topic was created again. It has to be read and stored first.
 */
public final class MissingRecordsException extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient RecordRange range;
  private final long nextOffset;

  MissingRecordsException(RecordRange range, long nextOffset) {
    super(
        "%s-%d is stored up to offset %d, and the next records begin at %d"
            .formatted(range.topic(), range.partition(), nextOffset, range.from()));
    this.range = range;
    this.nextOffset = nextOffset;
  }

  /**
   * Returns the range that cannot be stored yet.
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
