-- Finds a time range. Costs the ingestion next to nothing, and some KiB for a million rows: rows are stored
-- nearly in the order of their time.
CREATE INDEX raw_events_timestamp ON raw_events USING brin ("timestamp")
    WITH (pages_per_range = 32, autosummarize = on);

-- The value at a path as text; null if there is none, or if no text can hold the document ("\u0000").
CREATE FUNCTION payload_text(payload json, path text[]) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RETURN payload #>> path;
EXCEPTION WHEN data_exception THEN
    RETURN NULL;
END $$;

-- Whether a document has this value at a path such as '{sensor}' or '{reading,0}'. A document that has no escapes
-- and does not hold the value's text anywhere need not be parsed.
CREATE FUNCTION payload_equals(payload json, path text, value text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN strpos(payload::text, '\') > 0 THEN payload_text(payload, path::text[]) = value
    WHEN strpos(payload::text, value) > 0 THEN payload #>> path::text[] = value
    ELSE false
END;

COMMENT ON FUNCTION payload_text IS 'the value at a path, as text; null where payload #>> path would fail';
COMMENT ON FUNCTION payload_equals IS 'whether payload #>> path is this text';
