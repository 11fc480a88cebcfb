-- How far the source "file" has come. A row is one file between its creation and its truncation or end, told
-- from others by its inode and its first bytes; a path alone is not enough where files are rotated.
-- next_offset moves in the transaction that stores the lines, so it never says more or less than they do.
CREATE TABLE file_positions (
    id                 bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    reader             text        NOT NULL,
    path               text        NOT NULL,
    inode              bigint      NOT NULL,
    fingerprint        bytea       NOT NULL,
    fingerprint_length integer     NOT NULL CHECK (fingerprint_length >= 0),
    next_offset        bigint      NOT NULL DEFAULT 0 CHECK (next_offset >= 0),
    ended              boolean     NOT NULL DEFAULT false,
    updated_at         timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);

CREATE INDEX ON file_positions (reader) WHERE NOT ended;

-- Which instance follows a reader's files. It renews its lease; another one takes over when it stops doing so.
CREATE TABLE file_readers (
    reader      text        PRIMARY KEY,
    holder      uuid        NOT NULL,
    lease_until timestamptz NOT NULL
);

COMMENT ON TABLE file_positions IS 'how far the source "file" has come in each file, in bytes that are stored';
COMMENT ON COLUMN file_positions.ended IS 'the file was truncated or written anew; another row goes on with it';
COMMENT ON TABLE file_readers IS 'which instance follows the files';
