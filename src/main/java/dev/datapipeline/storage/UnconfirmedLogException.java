package dev.datapipeline.storage;

import dev.datapipeline.record.RecordRange;

/**
 * Thrown if a range may come from a log that has gone back: it has lost its end and was written
 * anew, so that offsets below the stored position may now hold other records. The log must be
 * compared with what is stored, and then either be confirmed or begin a new incarnation.
 */
public final class UnconfirmedLogException extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient RecordRange range;
  private final transient PartitionPosition position;

  /**
   * Creates an exception.
   *
   * @param range the range that can't be stored yet
   * @param position the position of its partition; has a mark
   */
  public UnconfirmedLogException(RecordRange range, PartitionPosition position) {
    super(
        "%s-%d is stored up to offset %d, and its log must be compared with what is stored"
            .formatted(range.topic(), range.partition(), position.nextOffset()));
    this.range = range;
    this.position = position;
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
   * Returns the position that the log must be compared with.
   *
   * @return has a mark
   */
  public PartitionPosition position() {
    return position;
  }
}
