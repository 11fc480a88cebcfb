-- A dead letter can be sent again with another payload, as a new record. The dead letter is marked in the transaction
-- that stores that record, so that a crash between the two can't leave one without the other. Until then, correction
-- says that a record may be on its way: no other one is sent, and the dead letter is not replayed.
ALTER TABLE dead_letters
    ADD COLUMN correction              uuid,
    ADD COLUMN correction_sent_at      timestamptz,
    ADD COLUMN corrected_at            timestamptz,
    ADD COLUMN corrected_by_partition  integer,
    ADD COLUMN corrected_by_offset     bigint;

COMMENT ON COLUMN dead_letters.correction IS 'chosen for the corrected record, whose header datapipeline-replay-of holds it; null if none was sent';
COMMENT ON COLUMN dead_letters.correction_sent_at IS 'when a corrected record was sent last; it may have been lost before it reached the broker';
COMMENT ON COLUMN dead_letters.corrected_at IS 'when the corrected record was stored, in raw_events or as another dead letter; null while this one waits';
COMMENT ON COLUMN dead_letters.corrected_by_partition IS 'the id in topic_partitions of the corrected record''s partition';
COMMENT ON COLUMN dead_letters.corrected_by_offset IS 'the corrected record''s offset';

CREATE OR REPLACE FUNCTION replay_dead_letters(ids bigint[] DEFAULT NULL, reason_like text DEFAULT NULL)
RETURNS TABLE (id bigint, replayed boolean, message text)
LANGUAGE plpgsql AS $$
DECLARE
    letter dead_letters%ROWTYPE;
BEGIN
    FOR letter IN
        SELECT * FROM dead_letters d
        WHERE d.replayed_at IS NULL
          AND d.correction IS NULL
          AND (ids IS NULL OR d.id = ANY (ids))
          AND (reason_like IS NULL OR d.reason LIKE reason_like)
        ORDER BY d.id
        FOR UPDATE
    LOOP
        id := letter.id;
        BEGIN
            INSERT INTO raw_events ("timestamp", payload, topic_partition_id, kafka_offset)
            VALUES (letter."timestamp", convert_from(letter.payload, 'UTF8')::json,
                    letter.topic_partition_id, letter.kafka_offset);
            UPDATE dead_letters d SET replayed_at = now() WHERE d.id = letter.id;
            replayed := true;
            message := NULL;
        EXCEPTION WHEN data_exception OR integrity_constraint_violation OR program_limit_exceeded
                    OR statement_too_complex THEN
            replayed := false;
            message := SQLERRM;
        END;
        RETURN NEXT;
    END LOOP;
END $$;
