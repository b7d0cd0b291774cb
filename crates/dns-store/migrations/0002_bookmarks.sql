-- How far each reader of the history has come, and what it must remember from there on.

CREATE TABLE bookmark (
    reader   TEXT    NOT NULL PRIMARY KEY,
    position INTEGER NOT NULL CHECK (position >= 0),
    note     TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
