-- The backups that exist, so that the application can tell the age of the newest one. sql/docker/backup.sh writes them;
-- any other tool for backups may insert a row for each backup that it has finished and verified.
CREATE TABLE backups (
    name        text PRIMARY KEY,
    finished_at timestamptz NOT NULL DEFAULT now(),
    bytes       bigint
);

COMMENT ON TABLE backups IS 'the backups of this database that exist';
COMMENT ON COLUMN backups.finished_at IS 'when the backup was complete';
