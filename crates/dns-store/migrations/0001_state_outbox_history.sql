-- The state of each service, the planned writes that are not settled, and everything that ever happened.

CREATE TABLE service_state (
    service    TEXT    NOT NULL PRIMARY KEY,
    generation INTEGER NOT NULL CHECK (generation > 0),
    envelope   TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- seq keeps the order of decisions: AUTOINCREMENT never hands out a number twice.
CREATE TABLE outbox (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    id      TEXT NOT NULL UNIQUE,
    service TEXT NOT NULL,
    stage   TEXT NOT NULL CHECK (stage IN ('pending', 'sent')),
    write   TEXT NOT NULL
) STRICT;

-- Readers remember positions, so a position is never handed out twice either.
CREATE TABLE history (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    at       INTEGER NOT NULL,
    service  TEXT    NOT NULL,
    kind     TEXT    NOT NULL,
    decision TEXT,
    summary  TEXT    NOT NULL,
    page     INTEGER NOT NULL CHECK (page IN (0, 1)),
    details  TEXT    NOT NULL
) STRICT;

CREATE INDEX history_by_service ON history (service, position);
CREATE INDEX history_by_decision ON history (decision, position) WHERE decision IS NOT NULL;

CREATE TRIGGER history_refuses_update BEFORE UPDATE ON history
BEGIN
    SELECT RAISE(ABORT, 'history is append-only');
END;

CREATE TRIGGER history_refuses_delete BEFORE DELETE ON history
BEGIN
    SELECT RAISE(ABORT, 'history is append-only');
END;
