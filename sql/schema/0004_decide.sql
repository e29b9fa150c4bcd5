-- What decisions need: results and decisions name their record themselves, so
-- that both can be read after its target was dropped, and the files that
-- decisions came in are kept by name of the person and by their hash.
ALTER TABLE result ADD COLUMN destination TEXT NOT NULL DEFAULT '';
ALTER TABLE result ADD COLUMN object TEXT NOT NULL DEFAULT '';
ALTER TABLE result ADD COLUMN source_endpoint TEXT NOT NULL DEFAULT '';
ALTER TABLE result ADD COLUMN source_id TEXT NOT NULL DEFAULT '';
UPDATE result SET (destination, object, source_endpoint, source_id) =
  (SELECT t.destination, t.object, t.source_endpoint, t.source_id FROM target t WHERE t.id = result.target)
  WHERE EXISTS (SELECT 1 FROM target t WHERE t.id = result.target);

-- One row a workbook whose decisions were applied.
CREATE TABLE import (
  id        INTEGER PRIMARY KEY,
  file      TEXT NOT NULL,                    -- SHA-256 of the workbook
  run       TEXT NOT NULL,                    -- that it reports
  by        TEXT NOT NULL,
  at        TEXT NOT NULL,
  rows      INTEGER NOT NULL,                 -- with a decision
  applied   INTEGER NOT NULL,
  undone_at TEXT NOT NULL DEFAULT '',
  undone_by TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE TABLE decision_log (
  id          INTEGER PRIMARY KEY,
  target      INTEGER NOT NULL,               -- the target's row at the time; 0 = a whole value of a lookup
  destination TEXT NOT NULL DEFAULT '',
  object      TEXT NOT NULL DEFAULT '',
  source_id   TEXT NOT NULL DEFAULT '',
  verb        TEXT NOT NULL CHECK (verb IN ('RETRY', 'SKIP', 'MAP', 'APPROVE')),
  value       TEXT NOT NULL DEFAULT '',       -- their id
  lookup      TEXT NOT NULL DEFAULT '',       -- that MAP wrote to; '' = the crosswalk
  key         TEXT NOT NULL DEFAULT '',
  comment     TEXT NOT NULL DEFAULT '',
  hash        BLOB,                           -- the payload that it speaks of
  source_hash BLOB,                           -- the source record that it speaks of
  state       TEXT NOT NULL DEFAULT '',       -- of the record as the workbook showed it
  before      TEXT NOT NULL DEFAULT '',       -- JSON: what stood there, for undo; no patient's value
  waits       INTEGER NOT NULL DEFAULT 0,     -- 1 = a second person has to say the same first
  by          TEXT NOT NULL,
  at          TEXT NOT NULL,
  file        TEXT NOT NULL DEFAULT '',       -- SHA-256 of the workbook
  import      INTEGER NOT NULL DEFAULT 0,     -- 0 = given on the command line
  undone_at   TEXT NOT NULL DEFAULT ''
) STRICT;
INSERT INTO decision_log (id, target, destination, object, source_id, verb, value, comment, hash, source_hash, by, at, file, undone_at)
SELECT d.id, d.target, coalesce(t.destination, ''), coalesce(t.object, ''), coalesce(t.source_id, ''), d.verb, d.value, d.comment, d.hash, d.source_hash, d.by, d.at, d.file, d.undone_at
FROM decision d LEFT JOIN target t ON t.id = d.target;
DROP TABLE decision;
ALTER TABLE decision_log RENAME TO decision;
CREATE INDEX decision_target ON decision (target);
CREATE INDEX decision_record ON decision (destination, object, source_id);
CREATE INDEX decision_import ON decision (import);
CREATE INDEX decision_lookup ON decision (destination, lookup, key) WHERE lookup <> '';
CREATE TRIGGER no_decision_deleted BEFORE DELETE ON decision
  BEGIN SELECT RAISE(ABORT, 'the decision log only grows'); END;
CREATE TRIGGER no_decision_changed BEFORE UPDATE OF target, destination, object, source_id, verb, value, lookup, key, comment, hash,
  source_hash, state, before, by, at, file, import ON decision
  BEGIN SELECT RAISE(ABORT, 'the decision log only grows'); END;
CREATE TRIGGER no_decision_redone BEFORE UPDATE OF undone_at ON decision WHEN OLD.undone_at <> ''
  BEGIN SELECT RAISE(ABORT, 'a decision that was undone stays undone'); END;
