package dev.datapipeline.it;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Compares what the database has with what the topic held: each offset exactly once. */
final class Ledger {
  private final Database database;
  private final String topic;

  Ledger(Database database, String topic) {
    this.database = database;
    this.topic = topic;
  }

  /** Returns how many records of the topic are stored or dead-lettered. */
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
   * Returns what is wrong: offsets that are in neither table, and offsets that are there more than
   * once. For topics whose every offset holds a record.
   *
   * @return one line for each partition that is not right; empty if all is well
   */
  List<String> faults() {
    List<String> faults = new ArrayList<>();
    for (List<String> row :
        database.query(
            """
            WITH held AS (
              SELECT topic_partition_id, kafka_offset FROM raw_events
              UNION ALL
              SELECT topic_partition_id, kafka_offset FROM dead_letters WHERE replayed_at IS NULL)
            SELECT p.partition, p.next_offset, count(h.kafka_offset),
                   count(DISTINCT h.kafka_offset), min(h.kafka_offset), max(h.kafka_offset)
            FROM topic_partitions p LEFT JOIN held h ON h.topic_partition_id = p.id
            WHERE p.topic = ?
            GROUP BY p.id
            HAVING count(h.kafka_offset) <> p.next_offset
                OR count(DISTINCT h.kafka_offset) <> p.next_offset
            """,
            topic)) {
      faults.add(
          "partition %s: next offset %s, %s rows, %s distinct offsets from %s to %s"
              .formatted(row.toArray()));
    }
    return faults;
  }
}
