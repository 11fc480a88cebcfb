-- Bytes as text where they are text, with octal escapes where they are not.
CREATE FUNCTION bytes_as_text(bytes bytea) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RETURN convert_from(bytes, 'UTF8');
EXCEPTION WHEN OTHERS THEN
    RETURN encode(bytes, 'escape');
END $$;

CREATE VIEW dead_letters_source AS
SELECT d.id, d.received_at, d."timestamp", p.topic, p.partition, d.kafka_offset, d.reason, d.sqlstate,
       bytes_as_text(d.key) AS key, bytes_as_text(d.payload) AS payload, d.headers, d.replayed_at
FROM dead_letters d
JOIN topic_partitions p ON p.id = d.topic_partition_id;

-- Stores dead letters in raw_events after all, once what was wrong is mended (a limit, a constraint, or the
-- payload itself with an UPDATE). In the caller's transaction; a letter that is replayed is never replayed
-- again, and the row keeps the offset it came from. Returns a row for each letter that was tried.
--   SELECT * FROM replay_dead_letters();                         all
--   SELECT * FROM replay_dead_letters(ids => ARRAY[7, 9]);       by id
--   SELECT * FROM replay_dead_letters(reason_like => '%stack%'); by reason
CREATE FUNCTION replay_dead_letters(ids bigint[] DEFAULT NULL, reason_like text DEFAULT NULL)
RETURNS TABLE (id bigint, replayed boolean, message text)
LANGUAGE plpgsql AS $$
DECLARE
    letter dead_letters%ROWTYPE;
BEGIN
    FOR letter IN
        SELECT * FROM dead_letters d
        WHERE d.replayed_at IS NULL
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

COMMENT ON FUNCTION replay_dead_letters IS 'stores dead letters in raw_events: all, by id, or by reason';
COMMENT ON VIEW dead_letters_source IS 'dead_letters with topic, partition and readable bytes';
