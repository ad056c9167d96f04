-- Turns: what a request does in a busy session, requests that join another's turn, calls in flight, questions, and tasks that one
-- agent hands to another. Adds columns and tables only: it does not matter which other migrations come before it.

ALTER TABLE deliveries ADD COLUMN mode TEXT NOT NULL DEFAULT 'queue';
-- The delivery whose turn answers this one, and, where it joined a turn that ran, after how many steps.
ALTER TABLE deliveries ADD COLUMN joined INTEGER REFERENCES deliveries (ordinal);
ALTER TABLE deliveries ADD COLUMN joined_after INTEGER;
-- Whose task it is, where another agent's run handed it over. `client` then holds a name that no client can have, and `request`
-- the run and the call, so that the same call again is a repeat.
ALTER TABLE deliveries ADD COLUMN parent_json TEXT;
CREATE INDEX deliveries_joined ON deliveries (joined) WHERE joined IS NOT NULL;
CREATE INDEX deliveries_steered ON deliveries (session) WHERE joined_after IS NOT NULL;
CREATE INDEX deliveries_children ON deliveries (session) WHERE parent_json IS NOT NULL;

-- A call of a tool that must not be made twice: written before it is made, and of no meaning once the step `n` is in the journal.
CREATE TABLE calls_in_flight (
    delivery INTEGER PRIMARY KEY REFERENCES deliveries (ordinal) ON DELETE CASCADE,
    n        INTEGER NOT NULL,
    call     TEXT    NOT NULL
) STRICT;

-- What runs asked people: one question for each call of a run. Answered ones stay as long as their session.
CREATE TABLE questions (
    id          TEXT    NOT NULL UNIQUE,
    delivery    INTEGER NOT NULL REFERENCES deliveries (ordinal),
    session     INTEGER NOT NULL REFERENCES sessions (id),
    run         TEXT    NOT NULL,
    call        TEXT    NOT NULL,
    tool        TEXT    NOT NULL,
    body_json   TEXT    NOT NULL,
    asked_at    INTEGER NOT NULL,
    -- Where it was sent out to, and who may answer it there; null where those who watch the session are asked.
    place_json  TEXT,
    sender      TEXT,
    is_sent     INTEGER NOT NULL DEFAULT 0,
    state       TEXT    NOT NULL CHECK (state IN ('pending', 'answered', 'withdrawn')),
    answer_json TEXT,
    answered_at INTEGER,
    CHECK ((state = 'answered') = (answer_json IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX questions_by_call ON questions (delivery, call);
CREATE INDEX questions_pending ON questions (session, asked_at) WHERE state = 'pending';
CREATE INDEX questions_approved ON questions (session, tool) WHERE state = 'answered';

-- The tasks that all runs below a run have handed over, to bound their number. Kept while that run goes on.
CREATE TABLE delegations (
    run   TEXT NOT NULL,
    child TEXT NOT NULL,
    PRIMARY KEY (run, child)
) STRICT, WITHOUT ROWID;
