package dev.datapipeline.it;

import java.util.List;

/**
 * A row of {@code topic_partitions}.
 *
 * @param rows how many rows of {@code raw_events} belong to it
 */
record Incarnation(long firstOffset, long nextOffset, long rows) {

  /** Returns the incarnations of a partition, the oldest first. */
  static List<Incarnation> of(Pipeline pipeline, int partition) {
    return pipeline
        .database()
        .query(
            "SELECT p.first_offset, p.next_offset,"
                + " (SELECT count(*) FROM raw_events e WHERE e.topic_partition_id = p.id)"
                + " FROM topic_partitions p WHERE topic = ? AND partition = ?"
                + " ORDER BY incarnation",
            pipeline.name(),
            partition)
        .stream()
        .map(
            row ->
                new Incarnation(
                    Long.parseLong(row.get(0)),
                    Long.parseLong(row.get(1)),
                    Long.parseLong(row.get(2))))
        .toList();
  }
}
