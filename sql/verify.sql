-- Checks, from the database alone, that nothing is missing and nothing is duplicated:
--
--   psql -f sql/verify.sql
--
-- It queries two views (V5__audit_offsets.sql) on the same snapshot, so the pipeline may keep running meanwhile.
-- It changes nothing. How to read the results: docs/operations.md

BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY;

-- One row per partition of each incarnation of a topic. All is well if duplicates, absent and beyond
-- are 0 everywhere, and every row has a topic.
SELECT * FROM offset_audit ORDER BY topic, topic_id, partition;

-- The offsets that are in neither table, as ranges; at most 100. None if absent is 0 everywhere.
SELECT * FROM offset_gaps ORDER BY topic, topic_id, partition, absent_from LIMIT 100;

COMMIT;
