-- Reactions go out by the outbox. A UNIQUE column cannot be altered, so that `outbox` is built anew: a delivery has one reply, and
-- any number of reactions.

CREATE TABLE outbox_new (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    delivery   INTEGER NOT NULL REFERENCES deliveries (ordinal),
    place_json TEXT    NOT NULL,
    -- Empty for a reaction.
    markdown   TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    next_at    INTEGER NOT NULL DEFAULT 0,
    is_sent    INTEGER NOT NULL DEFAULT 0,
    reply_to   TEXT,
    context    TEXT,
    since      INTEGER NOT NULL DEFAULT 0,
    last_error TEXT,
    is_dead    INTEGER NOT NULL DEFAULT 0,
    -- Set for a reaction to `reply_to`.
    emoji      TEXT,
    CHECK (emoji IS NULL OR (is_sent = 1 AND reply_to IS NOT NULL AND is_dead = 0))
) STRICT;
INSERT INTO outbox_new (id, delivery, place_json, markdown, created_at, attempts, next_at, is_sent, reply_to, context, since,
                        last_error, is_dead)
    SELECT id, delivery, place_json, markdown, created_at, attempts, next_at, is_sent, reply_to, context, since,
           last_error, is_dead FROM outbox ORDER BY id;
-- A number is never used twice, even when the newest rows are gone.
DELETE FROM sqlite_sequence WHERE name = 'outbox_new';
INSERT INTO sqlite_sequence (name, seq) SELECT 'outbox_new', seq FROM sqlite_sequence WHERE name = 'outbox';
DROP TABLE outbox;
ALTER TABLE outbox_new RENAME TO outbox;
CREATE UNIQUE INDEX outbox_replies ON outbox (delivery) WHERE emoji IS NULL;
CREATE INDEX outbox_by_place ON outbox (place_json, id) WHERE is_sent = 1 AND is_dead = 0;
CREATE INDEX outbox_watched ON outbox (id) WHERE is_sent = 0;
CREATE INDEX outbox_dead ON outbox (id) WHERE is_dead = 1;
