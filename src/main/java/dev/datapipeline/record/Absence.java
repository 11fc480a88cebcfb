package dev.datapipeline.record;

/** Why an offset holds no record that could be stored. */
public enum Absence {
  /** A transaction marker, or a record of an aborted transaction. */
  TRANSACTION("transaction"),
  /** As {@link #TRANSACTION}, or a record that compaction has removed. */
  COMPACTION("compaction"),
  /** The record was deleted from the topic before it was stored, for example by retention. */
  DELETED("deleted"),
  /** The topic was deleted before the record was stored. */
  TOPIC_DELETED("topic deleted");

  private final String text;

  Absence(String text) {
    this.text = text;
  }

  /**
   * Returns whether records are lost.
   *
   * @return false if there never was a record that had to be stored
   */
  public boolean isLoss() {
    return this == DELETED || this == TOPIC_DELETED;
  }

  /** Returns the name that the table {@code absent_offsets} uses. */
  @Override
  public String toString() {
    return text;
  }
}
