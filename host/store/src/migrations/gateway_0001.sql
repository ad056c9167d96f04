-- What belongs to the gateway as a whole. Times are milliseconds since the Unix epoch.

CREATE TABLE webhooks (
    id               TEXT    PRIMARY KEY,
    name             TEXT    NOT NULL,
    agent            TEXT    NOT NULL,
    secret_hash      BLOB    NOT NULL,
    enabled          INTEGER NOT NULL,
    preset           TEXT,
    session          TEXT,
    event_label      TEXT,
    allowed_ips_json TEXT    NOT NULL,
    created_at       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
