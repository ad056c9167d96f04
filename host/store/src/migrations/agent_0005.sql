-- What stands for the older part of a conversation that has become too long for a model: the messages up to `covers`, their sequence
-- number, summed up. The messages themselves stay.
CREATE TABLE summaries (
    session   INTEGER PRIMARY KEY REFERENCES sessions (id),
    covers    INTEGER NOT NULL,
    text      TEXT    NOT NULL,
    untrusted INTEGER NOT NULL,
    made_at   INTEGER NOT NULL
) STRICT;
-- What is deleted is not remembered in a summary either.
CREATE TRIGGER summaries_forget AFTER DELETE ON messages BEGIN
    DELETE FROM summaries WHERE session = OLD.session AND covers >= OLD.seq;
END;
