-- Proves from the database alone that nothing is missing and nothing is duplicated:
--
--   psql -f sql/verify.sql
--
-- The views say what is right; both answers are of the same moment, so the pipeline may keep running meanwhile.
-- Changes nothing. How to read the answers: docs/operations.md

BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY;

-- One row per partition of each incarnation of a topic. All is well if duplicates, absent and beyond
-- are 0 everywhere, and every row has a topic.
SELECT * FROM offset_audit ORDER BY topic, topic_id, partition;

-- The offsets that are in neither table, as ranges; at most 100. None if absent is 0 everywhere.
SELECT * FROM offset_gaps ORDER BY topic, topic_id, partition, absent_from LIMIT 100;

COMMIT;
