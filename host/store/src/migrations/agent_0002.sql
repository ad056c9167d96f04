-- Chat networks: deliveries that came through a channel, and replies that are sent out to one.
-- A CHECK cannot be altered, so that `deliveries` is built anew; foreign keys are off meanwhile and checked at the end.

CREATE TABLE deliveries_new (
    ordinal      INTEGER PRIMARY KEY AUTOINCREMENT,
    id           TEXT    NOT NULL UNIQUE,
    session      INTEGER NOT NULL REFERENCES sessions (id),
    state        TEXT    NOT NULL CHECK (state IN ('pending', 'running', 'done', 'failed', 'cancelled')),
    client       TEXT,
    request      TEXT,
    webhook      TEXT,
    channel      TEXT,
    account      TEXT,
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
    CHECK ((client IS NOT NULL) + (webhook IS NOT NULL) + (channel IS NOT NULL) = 1),
    CHECK (account IS NULL OR channel IS NOT NULL),
    CHECK ((finished_at IS NULL) = (state IN ('pending', 'running')))
) STRICT;
INSERT INTO deliveries_new (ordinal, id, session, state, client, request, webhook, received_at, finished_at, fingerprint,
                            place_json, is_dead, attempts, run, answer, error)
    SELECT ordinal, id, session, state, client, request, webhook, received_at, finished_at, fingerprint,
           place_json, is_dead, attempts, run, answer, error FROM deliveries ORDER BY ordinal;
-- An ordinal is never used twice, even when the newest rows are gone.
DELETE FROM sqlite_sequence WHERE name = 'deliveries_new';
INSERT INTO sqlite_sequence (name, seq) SELECT 'deliveries_new', seq FROM sqlite_sequence WHERE name = 'deliveries';
DROP TABLE deliveries;
ALTER TABLE deliveries_new RENAME TO deliveries;
CREATE INDEX deliveries_unfinished ON deliveries (session, ordinal) WHERE finished_at IS NULL;
CREATE UNIQUE INDEX deliveries_by_run ON deliveries (run) WHERE run IS NOT NULL;
CREATE INDEX deliveries_dead ON deliveries (ordinal) WHERE is_dead = 1;
CREATE UNIQUE INDEX deliveries_by_request ON deliveries (client, request) WHERE client IS NOT NULL AND is_dead = 0;

-- The headers that came with an original, without those that carried credentials: a preset may need them to read it again.
ALTER TABLE originals ADD COLUMN headers_json TEXT;

-- A reply to a channel is sent out by the gateway (`is_sent`); all others are read by those who watch the session. `since` is when
-- the attempts began; they are given up some time after it. A reply that was given up stays here, as a dead letter.
ALTER TABLE outbox ADD COLUMN is_sent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN reply_to TEXT;
ALTER TABLE outbox ADD COLUMN context TEXT;
ALTER TABLE outbox ADD COLUMN since INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN last_error TEXT;
ALTER TABLE outbox ADD COLUMN is_dead INTEGER NOT NULL DEFAULT 0;
CREATE INDEX outbox_by_place ON outbox (place_json, id) WHERE is_sent = 1 AND is_dead = 0;
CREATE INDEX outbox_watched ON outbox (id) WHERE is_sent = 0;
CREATE INDEX outbox_dead ON outbox (id) WHERE is_dead = 1;

-- The network's ids of the messages that show a reply already: from its first words on, so that after a crash it is finished by
-- an edit and not said twice.
CREATE TABLE shown (
    delivery INTEGER PRIMARY KEY REFERENCES deliveries (ordinal) ON DELETE CASCADE,
    ids_json TEXT NOT NULL
) STRICT;
