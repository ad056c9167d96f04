-- A webhook's secret itself, for presets whose senders sign with it: a signature cannot be checked against a hash. Null where only
-- the hash was ever kept.
ALTER TABLE webhooks ADD COLUMN secret TEXT;

-- Small values of plugins. `scope` is the plugin's name, and behind a `/` the account's where there is one.
CREATE TABLE plugin_state (
    scope TEXT NOT NULL,
    key   TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (scope, key)
) STRICT, WITHOUT ROWID;

-- Files of plugins. The bytes are in the folder `blobs`, in a file of the id's name.
CREATE TABLE blobs (
    id         TEXT    PRIMARY KEY,
    scope      TEXT    NOT NULL,
    media_type TEXT    NOT NULL,
    size       INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX blobs_by_scope ON blobs (scope, size);
CREATE INDEX blobs_by_age ON blobs (created_at);
