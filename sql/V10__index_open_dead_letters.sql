-- Finds and counts the dead letters that were not replayed, which the dashboard and the API show by default. Replayed
-- ones stay in the table for ever, and are not in the index.
CREATE INDEX dead_letters_open ON dead_letters (id) WHERE replayed_at IS NULL;
