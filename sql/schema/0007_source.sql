-- What DrChrono says is deleted, what its rows look like, and how that changes.
ALTER TABLE record ADD COLUMN deleted TEXT NOT NULL DEFAULT '';  -- what says so: deleted_flag, archived, inactive, full read, or the endpoint of a log
CREATE INDEX record_deleted ON record (endpoint) WHERE deleted <> '';

-- The entries of patient_payment_log that deleted a payment, each with the one
-- that it spoke of. An entry speaks once.
CREATE TABLE deletion (
  log       TEXT NOT NULL,                   -- endpoint of the entry
  entry     TEXT NOT NULL,                   -- its source id
  endpoint  TEXT NOT NULL,                   -- of what it deleted
  source_id TEXT NOT NULL,
  run       TEXT NOT NULL,
  PRIMARY KEY (log, entry)
) STRICT, WITHOUT ROWID;

-- What an endpoint's rows look like: counts of members, JSON. Of values it
-- holds those of documented enumerations and no others.
CREATE TABLE profile (
  endpoint TEXT PRIMARY KEY,
  base     TEXT NOT NULL DEFAULT '',         -- what a drain is held against; '' = no drain has ended yet
  recent   TEXT NOT NULL DEFAULT '',         -- drains since, until they have rows enough to compare rates
  open     TEXT NOT NULL DEFAULT ''          -- the open drain
) STRICT, WITHOUT ROWID;

-- A difference that a drain found.
CREATE TABLE drift (
  id       INTEGER PRIMARY KEY,
  run      TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  field    TEXT NOT NULL,                    -- members, separated by dots
  kind     TEXT NOT NULL CHECK (kind IN ('new field', 'vanished field', 'changed type', 'more empty', 'new value')),
  before   TEXT NOT NULL,
  after    TEXT NOT NULL,
  rows     INTEGER NOT NULL                  -- that show it
) STRICT;
CREATE INDEX drift_run ON drift (run);
