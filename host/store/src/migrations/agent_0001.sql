-- One agent's durable state. Times are milliseconds since the Unix epoch; ids are UUIDs as text; `*_json` columns hold values
-- of the vocabulary as serde writes them.

-- One row for each session key that was ever used. `created_at` is null where there is no such session (any more): the row then
-- keeps only the number line, which must never run backwards, and the identity of what was delivered.
CREATE TABLE sessions (
    id            INTEGER PRIMARY KEY,
    key           TEXT    NOT NULL UNIQUE,
    next_seq      INTEGER NOT NULL DEFAULT 1,
    created_at    INTEGER,
    updated_at    INTEGER NOT NULL DEFAULT 0,
    name          TEXT,
    source        TEXT,
    message_count INTEGER NOT NULL DEFAULT 0,
    last_preview  TEXT,
    workdir       TEXT
) STRICT;
CREATE INDEX sessions_newest ON sessions (updated_at, key) WHERE created_at IS NOT NULL;

-- What came in together and is answered together: one delivery is one turn, and one turn is one run. Rows outlive their session,
-- so that a repeat stays a repeat. AUTOINCREMENT: an ordinal is never used twice, even when the newest row was pruned.
CREATE TABLE deliveries (
    ordinal      INTEGER PRIMARY KEY AUTOINCREMENT,
    id           TEXT    NOT NULL UNIQUE,
    session      INTEGER NOT NULL REFERENCES sessions (id),
    state        TEXT    NOT NULL CHECK (state IN ('pending', 'running', 'done', 'failed', 'cancelled')),
    client       TEXT,
    request      TEXT,
    webhook      TEXT,
    received_at  INTEGER NOT NULL,
    finished_at  INTEGER,
    fingerprint  BLOB    NOT NULL,
    place_json   TEXT,
    is_dead      INTEGER NOT NULL DEFAULT 0,
    attempts     INTEGER NOT NULL DEFAULT 0,
    run          TEXT,
    answer       TEXT,
    error        TEXT,
    CHECK ((client IS NULL) = (request IS NULL)),
    CHECK ((client IS NULL) <> (webhook IS NULL)),
    CHECK ((finished_at IS NULL) = (state IN ('pending', 'running')))
) STRICT;
CREATE INDEX deliveries_unfinished ON deliveries (session, ordinal) WHERE finished_at IS NULL;
CREATE UNIQUE INDEX deliveries_by_run ON deliveries (run) WHERE run IS NOT NULL;
CREATE INDEX deliveries_dead ON deliveries (ordinal) WHERE is_dead = 1;
CREATE UNIQUE INDEX deliveries_by_request ON deliveries (client, request) WHERE client IS NOT NULL AND is_dead = 0;

-- A delivery as it came, byte for byte: kept until its turn has ended, and for a dead letter as long as that is kept. A table
-- of its own, so that a change of state does not rewrite the body.
CREATE TABLE originals (
    delivery     INTEGER PRIMARY KEY REFERENCES deliveries (ordinal) ON DELETE CASCADE,
    content_type TEXT NOT NULL,
    body         BLOB NOT NULL
) STRICT;

-- Each message that came in, once. The key is what makes a repeat a repeat.
CREATE TABLE inbox (
    id        INTEGER PRIMARY KEY,
    delivery  INTEGER NOT NULL REFERENCES deliveries (ordinal),
    position  INTEGER NOT NULL,
    scope     TEXT    NOT NULL,
    channel   TEXT    NOT NULL,
    account   TEXT    NOT NULL,
    inbound   TEXT    NOT NULL,
    -- Null once its session was deleted, or its delivery cancelled before its turn.
    body_json TEXT
) STRICT;
CREATE UNIQUE INDEX inbox_by_delivery ON inbox (delivery, position);
CREATE UNIQUE INDEX inbox_identity ON inbox (inbound, channel, account, scope);

CREATE TABLE messages (
    id               TEXT    NOT NULL UNIQUE,
    session          INTEGER NOT NULL REFERENCES sessions (id),
    seq              INTEGER NOT NULL,
    delivery         INTEGER NOT NULL REFERENCES deliveries (ordinal),
    role             TEXT    NOT NULL CHECK (role IN ('user', 'assistant')),
    content          TEXT    NOT NULL,
    created_at       INTEGER NOT NULL,
    request          TEXT,
    run              TEXT,
    sender_json      TEXT,
    status           TEXT    NOT NULL,
    error            TEXT,
    parts_json       TEXT,
    attachments_json TEXT,
    untrusted        INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX messages_by_seq ON messages (session, seq);
CREATE INDEX messages_by_delivery ON messages (delivery, seq);
-- A turn has one answer, whatever happens.
CREATE UNIQUE INDEX messages_one_answer ON messages (delivery) WHERE role = 'assistant';

-- The journal: what a run has done, step by step.
CREATE TABLE steps (
    delivery   INTEGER NOT NULL REFERENCES deliveries (ordinal),
    n          INTEGER NOT NULL,
    entry_json TEXT    NOT NULL
) STRICT;
CREATE UNIQUE INDEX steps_in_order ON steps (delivery, n);

-- Replies that are still to be delivered. `attempts` and `next_at` are for whoever tries again.
CREATE TABLE outbox (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    delivery   INTEGER NOT NULL UNIQUE REFERENCES deliveries (ordinal),
    place_json TEXT    NOT NULL,
    markdown   TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    next_at    INTEGER NOT NULL DEFAULT 0
) STRICT;
