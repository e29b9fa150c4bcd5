-- What a night counts and looks for, kept by the transactions that change it:
-- a night takes as long as what changed, however much is staged.

-- How many records an endpoint holds.
CREATE TABLE staged (
  endpoint TEXT PRIMARY KEY,
  n        INTEGER NOT NULL,
  parts    INTEGER NOT NULL,                 -- objects of their own inside them
  gone     INTEGER NOT NULL,
  faults   INTEGER NOT NULL,                 -- that cannot be read
  deleted  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO staged SELECT endpoint, count(*), sum(parts), sum(gone), sum(fault <> ''), sum(deleted <> '') FROM record GROUP BY endpoint;
CREATE TRIGGER staged_new AFTER INSERT ON record BEGIN
  INSERT INTO staged VALUES (NEW.endpoint, 1, NEW.parts, NEW.gone, NEW.fault <> '', NEW.deleted <> '')
  ON CONFLICT (endpoint) DO UPDATE SET n = n + 1, parts = parts + excluded.parts, gone = gone + excluded.gone,
    faults = faults + excluded.faults, deleted = deleted + excluded.deleted; END;
CREATE TRIGGER staged_changed AFTER UPDATE OF parts, gone, fault, deleted ON record
  WHEN OLD.parts <> NEW.parts OR OLD.gone <> NEW.gone OR OLD.fault <> NEW.fault OR OLD.deleted <> NEW.deleted BEGIN
  UPDATE staged SET parts = parts + NEW.parts - OLD.parts, gone = gone + NEW.gone - OLD.gone,
    faults = faults + (NEW.fault <> '') - (OLD.fault <> ''), deleted = deleted + (NEW.deleted <> '') - (OLD.deleted <> '')
  WHERE endpoint = NEW.endpoint; END;
CREATE TRIGGER staged_dropped AFTER DELETE ON record BEGIN
  UPDATE staged SET n = n - 1, parts = parts - OLD.parts, gone = gone - OLD.gone, faults = faults - (OLD.fault <> ''),
    deleted = deleted - (OLD.deleted <> '') WHERE endpoint = OLD.endpoint; END;

-- How many targets have each outcome, and how what the destination last
-- acknowledged stands to what they map to.
CREATE TABLE standing (
  destination TEXT NOT NULL, object TEXT NOT NULL, outcome TEXT NOT NULL,
  acked       INTEGER NOT NULL,              -- 0 = nothing, 1 = something that maps no more, 2 = something else, 3 = the same
  n           INTEGER NOT NULL,
  PRIMARY KEY (destination, object, outcome, acked)
) STRICT, WITHOUT ROWID;
INSERT INTO standing SELECT destination, object, outcome, CASE WHEN acked_hash IS NULL THEN 0 WHEN hash IS NULL THEN 1 WHEN acked_hash <> hash THEN 2 ELSE 3 END AS acked, count(*)
FROM target GROUP BY 1, 2, 3, 4;
CREATE TRIGGER standing_new AFTER INSERT ON target BEGIN
  INSERT INTO standing VALUES (NEW.destination, NEW.object, NEW.outcome,
    CASE WHEN NEW.acked_hash IS NULL THEN 0 WHEN NEW.hash IS NULL THEN 1 WHEN NEW.acked_hash <> NEW.hash THEN 2 ELSE 3 END, 1)
  ON CONFLICT (destination, object, outcome, acked) DO UPDATE SET n = n + 1; END;
CREATE TRIGGER standing_changed AFTER UPDATE OF outcome, acked_hash, hash ON target
  WHEN OLD.outcome <> NEW.outcome OR OLD.acked_hash IS NOT NEW.acked_hash OR OLD.hash IS NOT NEW.hash BEGIN
  UPDATE standing SET n = n - 1 WHERE destination = OLD.destination AND object = OLD.object AND outcome = OLD.outcome
    AND acked = CASE WHEN OLD.acked_hash IS NULL THEN 0 WHEN OLD.hash IS NULL THEN 1 WHEN OLD.acked_hash <> OLD.hash THEN 2 ELSE 3 END;
  INSERT INTO standing VALUES (NEW.destination, NEW.object, NEW.outcome,
    CASE WHEN NEW.acked_hash IS NULL THEN 0 WHEN NEW.hash IS NULL THEN 1 WHEN NEW.acked_hash <> NEW.hash THEN 2 ELSE 3 END, 1)
  ON CONFLICT (destination, object, outcome, acked) DO UPDATE SET n = n + 1; END;
CREATE TRIGGER standing_dropped AFTER DELETE ON target BEGIN
  UPDATE standing SET n = n - 1 WHERE destination = OLD.destination AND object = OLD.object AND outcome = OLD.outcome
    AND acked = CASE WHEN OLD.acked_hash IS NULL THEN 0 WHEN OLD.hash IS NULL THEN 1 WHEN OLD.acked_hash <> OLD.hash THEN 2 ELSE 3 END; END;

-- The totals of the visits that a destination holds, by its object, a month
-- (2026-03) and a provider.
CREATE TABLE total (
  id          INTEGER PRIMARY KEY,
  destination TEXT NOT NULL, object TEXT NOT NULL, month TEXT NOT NULL, provider TEXT NOT NULL,
  visits      INTEGER NOT NULL DEFAULT 0,
  minutes     INTEGER NOT NULL DEFAULT 0,
  known       INTEGER NOT NULL DEFAULT 0,    -- those whose content there is known
  there       INTEGER NOT NULL DEFAULT 0,    -- minutes of these, there
  UNIQUE (destination, object, month, provider)
) STRICT;
-- What each visit adds to them.
CREATE TABLE addend (
  target  INTEGER PRIMARY KEY REFERENCES target (id) ON DELETE CASCADE,
  total   INTEGER NOT NULL,                  -- a row of total, which never goes
  minutes INTEGER NOT NULL,
  known   INTEGER NOT NULL,
  there   INTEGER NOT NULL
) STRICT;
CREATE TRIGGER addend_new AFTER INSERT ON addend BEGIN
  UPDATE total SET visits = visits + 1, minutes = minutes + NEW.minutes, known = known + NEW.known, there = there + NEW.there WHERE id = NEW.total; END;
CREATE TRIGGER addend_dropped AFTER DELETE ON addend BEGIN
  UPDATE total SET visits = visits - 1, minutes = minutes - OLD.minutes, known = known - OLD.known, there = there - OLD.there WHERE id = OLD.total; END;
-- Visits that have changed since they were added up.
CREATE TABLE unadded (target INTEGER PRIMARY KEY REFERENCES target (id) ON DELETE CASCADE) STRICT;
INSERT INTO unadded SELECT id FROM target WHERE source_endpoint = 'appointments';
CREATE TRIGGER unadded_new AFTER INSERT ON target WHEN NEW.source_endpoint = 'appointments' BEGIN
  INSERT INTO unadded VALUES (NEW.id) ON CONFLICT DO NOTHING; END;
CREATE TRIGGER unadded_changed AFTER UPDATE OF outcome, acked_hash, hash ON target WHEN NEW.source_endpoint = 'appointments'
  AND (OLD.outcome <> NEW.outcome OR OLD.acked_hash IS NOT NEW.acked_hash OR OLD.hash IS NOT NEW.hash)
  AND NOT (OLD.outcome IN ('created', 'updated') AND NEW.outcome = 'unchanged') BEGIN
  INSERT INTO unadded VALUES (NEW.id) ON CONFLICT DO NOTHING; END;
CREATE TRIGGER unadded_source AFTER UPDATE OF hash ON record WHEN NEW.endpoint = 'appointments' AND OLD.hash <> NEW.hash BEGIN
  INSERT INTO unadded SELECT id FROM target WHERE source_endpoint = NEW.endpoint AND source_id = NEW.source_id ON CONFLICT DO NOTHING; END;

-- How targets are looked for. SQLite takes a partial index only where a
-- query's own words are its condition.
CREATE INDEX target_open ON target (destination, object)
  WHERE outcome IN ('uncertain', 'held', 'rejected', 'invalid', 'blocked', 'failed', 'mismatched', 'missing');
CREATE INDEX target_uncertain ON target (destination) WHERE outcome = 'uncertain';
CREATE INDEX target_fresh ON target (run) WHERE outcome IN ('created', 'updated') OR attempts > 0;
CREATE INDEX crosswalk_found ON crosswalk (destination, object) WHERE how <> 'created';
CREATE INDEX crosswalk_run ON crosswalk (run);
DROP INDEX crosswalk_called;
