-- A row number may be issued again: after a restore the sequence starts where the backup was taken, and another
-- deployment has the same small numbers. Records therefore name a file by an id that is never issued twice, and say
-- what the file is, so that the transaction that stores a line can create the row if it is missing.
--
-- The ids of existing rows are derived from what the rows hold, so that they are the same if a backup is restored and
-- migrated again. They sort by row number and before all ids that are issued from now on.
ALTER TABLE file_positions ADD COLUMN file uuid;
UPDATE file_positions
SET file = CAST(lpad(to_hex(id), 16, '0') || left(md5(reader || '/' || inode || '/' || path), 16) AS uuid);

-- The default is for instances of the previous version that still run: the time in milliseconds, then random digits.
ALTER TABLE file_positions
    ALTER COLUMN file SET NOT NULL,
    ALTER COLUMN file SET DEFAULT CAST(
        lpad(to_hex(trunc(extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0')
        || substr(replace(gen_random_uuid()::text, '-', ''), 13) AS uuid),
    ADD UNIQUE (file),
    ADD COLUMN by_number boolean NOT NULL DEFAULT true;

-- A file is looked up by its inode
CREATE INDEX file_positions_inode ON file_positions (reader, inode) WHERE NOT ended;
DROP INDEX file_positions_reader_idx;

COMMENT ON COLUMN file_positions.file IS 'names the file in the header datapipeline-file of its records; newer files have larger ids';
COMMENT ON COLUMN file_positions.by_number IS 'records of the previous version, which name the file by the row number, may move the position; false once this version follows the file';
