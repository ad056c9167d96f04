-- Search over all that was said, and sessions that are copies (forks, imports).
-- `messages` is built anew: what is searched needs a number that outlives VACUUM, and a copied message belongs to no delivery.

CREATE TABLE messages_new (
    -- AUTOINCREMENT: a number is never used twice, so that places in search results stay places.
    ordinal          INTEGER PRIMARY KEY AUTOINCREMENT,
    id               TEXT    NOT NULL UNIQUE,
    session          INTEGER NOT NULL REFERENCES sessions (id),
    seq              INTEGER NOT NULL,
    -- Null for a copy.
    delivery         INTEGER REFERENCES deliveries (ordinal),
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
    untrusted        INTEGER NOT NULL,
    -- What a copy's run had done, step by step; of all others it is in `steps`.
    journal_json     TEXT,
    CHECK (journal_json IS NULL OR delivery IS NULL)
) STRICT;
INSERT INTO messages_new (id, session, seq, delivery, role, content, created_at, request, run, sender_json, status, error,
                          parts_json, attachments_json, untrusted)
    SELECT id, session, seq, delivery, role, content, created_at, request, run, sender_json, status, error,
           parts_json, attachments_json, untrusted FROM messages ORDER BY rowid;
DROP TABLE messages;
ALTER TABLE messages_new RENAME TO messages;
CREATE UNIQUE INDEX messages_by_seq ON messages (session, seq);
CREATE INDEX messages_by_delivery ON messages (delivery, seq);
-- A turn has one answer, whatever happens.
CREATE UNIQUE INDEX messages_one_answer ON messages (delivery) WHERE role = 'assistant';

-- The words of each message, under its ordinal. What is put in has been folded and cut into words before (src/words.rs); only the
-- index is kept, the text is in `messages`.
CREATE VIRTUAL TABLE message_search USING fts5 (
    words, content = '', contentless_delete = 1, prefix = '2 3', tokenize = 'unicode61 remove_diacritics 2'
);
-- Messages from before there was a search: those with a smaller ordinal are still to be put in, the newest first. No row: all are in.
CREATE TABLE search_backlog (
    below INTEGER NOT NULL
) STRICT;
INSERT INTO search_backlog (below) SELECT max(ordinal) + 1 FROM messages HAVING count(*) > 0;

-- Messages that are gone and whose words are still to be taken out, bit by bit: nothing is found of them.
CREATE TABLE search_garbage (
    ordinal INTEGER PRIMARY KEY
) STRICT;

-- Sessions that are being copied and are not there before the last message is. What was given up is cleared away bit by bit.
CREATE TABLE copies (
    session  INTEGER PRIMARY KEY REFERENCES sessions (id),
    given_up INTEGER NOT NULL DEFAULT 0
) STRICT;
