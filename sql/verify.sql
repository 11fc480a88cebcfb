-- Checks, from the database alone, that nothing is missing and nothing is duplicated:
--
--   psql -f sql/verify.sql
--
-- It queries three views (V6__incarnations_and_absent_offsets.sql) on the same snapshot, so the pipeline may keep running meanwhile.
-- It changes nothing. How to read the results: docs/operations.md

BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY;

-- One row per partition of each incarnation of a topic. Nothing is missing or duplicated if duplicates, unexplained,
-- beyond and lost are 0 everywhere, and every row has a topic. unread is what waits in the topic.
SELECT * FROM offset_audit ORDER BY topic, topic_id, partition, incarnation;

-- The offsets that are neither stored nor explained, as ranges; at most 100. None if unexplained is 0 everywhere.
SELECT * FROM offset_gaps ORDER BY topic, topic_id, partition, incarnation, absent_from LIMIT 100;

-- What was deleted from the topic, or with it, before it was stored; the newest 100. None if lost is 0 everywhere.
SELECT * FROM lost_offsets ORDER BY noted_at DESC LIMIT 100;

COMMIT;
