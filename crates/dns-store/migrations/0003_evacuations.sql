-- Evacuations of regions by order: what was ordered, and whether it goes on. How far each service is stands in its own state.

CREATE TABLE evacuation (
    id         TEXT    NOT NULL PRIMARY KEY,
    region     TEXT    NOT NULL,
    open       INTEGER NOT NULL CHECK (open IN (0, 1)),
    generation INTEGER NOT NULL CHECK (generation > 0),
    state      TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX evacuation_open_by_region ON evacuation (region) WHERE open = 1;
