-- Drills: what each has come to. One without an end is under way, and goes on with the next process.

CREATE TABLE drill (
    id      TEXT    NOT NULL PRIMARY KEY,
    service TEXT    NOT NULL,
    begun   INTEGER NOT NULL,
    ended   INTEGER,
    body    TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX drill_by_begin ON drill (begun);
