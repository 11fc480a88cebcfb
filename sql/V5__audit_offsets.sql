-- Whether every offset was stored exactly once, from the database alone: each offset below a partition's
-- next_offset is in raw_events or in dead_letters, once. A dead letter that was replayed counts as the row of
-- raw_events that it became. Both views read both tables completely, so they take a while on large tables.

-- One row per partition of each incarnation of a topic. Offsets outside the range from 0 to next_offset are rare, so
-- they are what is counted a second time: one sort of the rows is enough.
CREATE VIEW offset_audit AS
WITH held AS (
    SELECT topic_partition_id, kafka_offset, false AS dead FROM raw_events
    UNION ALL
    SELECT topic_partition_id, kafka_offset, true FROM dead_letters WHERE replayed_at IS NULL
)
SELECT p.topic,
       p.topic_id,
       p.partition,
       min(h.kafka_offset)                                    AS first_offset,
       max(h.kafka_offset)                                    AS last_offset,
       p.next_offset,
       count(*) FILTER (WHERE NOT h.dead)                     AS rows,
       count(*) FILTER (WHERE h.dead)                         AS dead_letters,
       count(h.kafka_offset) - count(DISTINCT h.kafka_offset) AS duplicates,
       p.next_offset - count(DISTINCT h.kafka_offset)
                     + count(DISTINCT h.kafka_offset)
                       FILTER (WHERE h.kafka_offset < 0 OR h.kafka_offset >= p.next_offset) AS absent,
       count(*) FILTER (WHERE h.kafka_offset < 0 OR h.kafka_offset >= p.next_offset) AS beyond
FROM topic_partitions p
FULL JOIN held h ON h.topic_partition_id = p.id
GROUP BY p.id, h.topic_partition_id;

-- The offsets below next_offset that are in neither table, as ranges.
CREATE VIEW offset_gaps AS
WITH held AS (
    SELECT topic_partition_id, kafka_offset FROM raw_events
    UNION ALL
    SELECT topic_partition_id, kafka_offset FROM dead_letters WHERE replayed_at IS NULL
    UNION ALL
    SELECT id, next_offset FROM topic_partitions
),
steps AS (
    SELECT topic_partition_id,
           lag(kafka_offset, 1, -1::bigint)
               OVER (PARTITION BY topic_partition_id ORDER BY kafka_offset) AS before,
           kafka_offset
    FROM held
    WHERE kafka_offset >= 0
)
SELECT p.topic,
       p.topic_id,
       p.partition,
       s.before + 1                  AS absent_from,
       s.kafka_offset - 1            AS absent_to,
       s.kafka_offset - s.before - 1 AS offsets
FROM steps s
JOIN topic_partitions p ON p.id = s.topic_partition_id
WHERE s.kafka_offset > s.before + 1
  AND s.kafka_offset <= p.next_offset;

COMMENT ON VIEW offset_audit IS 'for each partition of each incarnation of a topic: whether each offset below next_offset was stored exactly once';
COMMENT ON COLUMN offset_audit.topic IS 'null for rows whose partition is not in topic_partitions';
COMMENT ON COLUMN offset_audit.first_offset IS 'the smallest offset in raw_events or dead_letters';
COMMENT ON COLUMN offset_audit.last_offset IS 'the largest offset in raw_events or dead_letters';
COMMENT ON COLUMN offset_audit.next_offset IS 'the next offset to store';
COMMENT ON COLUMN offset_audit.rows IS 'rows in raw_events';
COMMENT ON COLUMN offset_audit.dead_letters IS 'rows in dead_letters that were not replayed';
COMMENT ON COLUMN offset_audit.duplicates IS 'rows beyond the first of each offset, in both tables together; must be 0';
COMMENT ON COLUMN offset_audit.absent IS 'offsets from 0 to next_offset that are in neither table; 0 unless the topic has no record at them';
COMMENT ON COLUMN offset_audit.beyond IS 'rows whose offset is not from 0 to next_offset; must be 0';
COMMENT ON VIEW offset_gaps IS 'the offsets below next_offset that are in neither raw_events nor dead_letters, as ranges';
