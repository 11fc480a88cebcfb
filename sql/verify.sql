-- Proves from the database alone that nothing is missing and nothing is double:
--
--   psql -f sql/verify.sql
--
-- Each offset below a partition's next_offset is in raw_events or in dead_letters, once. A dead
-- letter that was replayed counts as the row of raw_events that it became. Both answers are of the
-- same moment, so the pipeline may go on while they are asked for. Changes nothing.
-- How to read the answers: docs/operations.md

BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY;

-- One row for each partition of each incarnation of a topic. All is well if duplicates, absent and
-- beyond are 0 everywhere, and every row has a topic.
WITH held AS (
    SELECT topic_partition_id, kafka_offset, false AS dead FROM raw_events
    UNION ALL
    SELECT topic_partition_id, kafka_offset, true FROM dead_letters WHERE replayed_at IS NULL
)
SELECT p.topic,
       p.topic_id,
       p.partition,
       min(h.kafka_offset)                                           AS first_offset,
       max(h.kafka_offset)                                           AS last_offset,
       p.next_offset,
       count(*) FILTER (WHERE NOT h.dead)                            AS rows,
       count(*) FILTER (WHERE h.dead)                                AS dead_letters,
       count(h.kafka_offset) - count(DISTINCT h.kafka_offset)        AS duplicates,
       p.next_offset - count(DISTINCT h.kafka_offset)
                       FILTER (WHERE h.kafka_offset < p.next_offset) AS absent,
       count(*) FILTER (WHERE h.kafka_offset >= p.next_offset)       AS beyond
FROM topic_partitions p
FULL JOIN held h ON h.topic_partition_id = p.id
GROUP BY p.id, h.topic_partition_id, p.topic, p.topic_id, p.partition, p.next_offset
ORDER BY p.topic, p.topic_id, p.partition;

-- The offsets that are in neither table, as ranges; at most 100. None, if absent is 0 everywhere.
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
ORDER BY p.topic, p.topic_id, p.partition, absent_from
LIMIT 100;

COMMIT;
