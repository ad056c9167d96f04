-- What is said around an agent and done to earlier messages, and replies known by the network's ids. Adds columns and tables only: it
-- does not matter which other migrations come before it.

-- What came in and asks for no turn, in words, until the session's next turn takes it in: a few lines a session, the oldest dropped.
CREATE TABLE overheard (
    inbox   INTEGER PRIMARY KEY REFERENCES inbox (id) ON DELETE CASCADE,
    session INTEGER NOT NULL REFERENCES sessions (id),
    remark  TEXT    NOT NULL
) STRICT;
CREATE INDEX overheard_by_session ON overheard (session, inbox);

-- The user's message that a turn took it in as.
ALTER TABLE messages ADD COLUMN overheard INTEGER NOT NULL DEFAULT 0;

-- The network's ids of the messages that carry a reply that was delivered: what a reaction names.
CREATE TABLE delivered (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    delivery INTEGER NOT NULL REFERENCES deliveries (ordinal) ON DELETE CASCADE,
    channel  TEXT    NOT NULL,
    account  TEXT    NOT NULL,
    message  TEXT    NOT NULL
) STRICT;
CREATE UNIQUE INDEX delivered_by_message ON delivered (message, channel, account);
CREATE INDEX delivered_by_delivery ON delivered (delivery);
