package dev.datapipeline.it;

import java.util.List;
import java.util.Map;

/** Checks in the database that each offset of a topic was stored exactly once. */
final class Ledger {
  private final Database database;
  private final String topic;

  Ledger(Database database, String topic) {
    this.database = database;
    this.topic = topic;
  }

  /** Returns the number of records of the topic that are stored or dead-lettered. */
  long records() {
    return database.number(
        "SELECT (SELECT count(*) FROM raw_events_source WHERE topic = ?)"
            + " + (SELECT count(*) FROM dead_letters d JOIN topic_partitions p"
            + " ON p.id = d.topic_partition_id WHERE p.topic = ? AND d.replayed_at IS NULL)",
        topic,
        topic);
  }

  /** Returns whether everything up to the given end of each partition has been stored. */
  boolean isComplete(Map<Integer, Long> endOffsets) {
    return endOffsets.entrySet().stream()
        .allMatch(
            end ->
                end.getValue() == 0
                    || database.number(
                            "SELECT coalesce(max(next_offset), 0) FROM topic_partitions"
                                + " WHERE topic = ? AND partition = ?",
                            topic,
                            end.getKey())
                        >= end.getValue());
  }

  /**
   * Returns what is wrong: offsets that are in neither table, that are there more than once, or
   * that lie beyond the position, and rows of no known partition. For topics whose every offset
   * holds a record.
   *
   * @return one line for each faulty partition; empty if all is well
   */
  List<String> faults() {
    return database
        .query(
            """
            SELECT topic, partition, next_offset, rows, dead_letters, duplicates, absent, unexplained,
                   beyond, lost
            FROM offset_audit
            WHERE topic IS NULL
               OR topic = ?
                  AND (duplicates <> 0 OR absent <> 0 OR unexplained <> 0 OR beyond <> 0 OR lost <> 0)
            """,
            topic)
        .stream()
        .map(
            row ->
                ("topic %s, partition %s: next offset %s, %s rows, %s dead letters,"
                        + " %s duplicates, %s absent, %s unexplained, %s beyond, %s lost")
                    .formatted(row.toArray()))
        .toList();
  }
}
