-- Backfills: what an operator asked for, and the windows that it is read in.
-- Where each window stands is its row of stream, in a lane of its own, so the
-- nightly's watermark is never touched. Dates are 2026-03-31.
CREATE TABLE backfill (
  id         TEXT PRIMARY KEY,               -- sorts by start, as a run's does
  first_day  TEXT NOT NULL,
  last_day   TEXT NOT NULL,                  -- inclusive
  endpoints  TEXT NOT NULL,                  -- names, separated by commas
  newest     INTEGER NOT NULL,               -- 1 = newest window first
  load       INTEGER NOT NULL,               -- 1 = maps and sends at its end
  state      TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done', 'cancelled')),
  by         TEXT NOT NULL,
  begun_at   TEXT NOT NULL,
  ended_at   TEXT NOT NULL DEFAULT '',
  ended_by   TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE UNIQUE INDEX one_backfill ON backfill ((1)) WHERE state = 'open';

CREATE TABLE backfill_window (
  backfill   TEXT NOT NULL REFERENCES backfill (id),
  n          INTEGER NOT NULL,               -- the order in which they are read
  endpoint   TEXT NOT NULL,
  lane       TEXT NOT NULL,                  -- of its row in stream
  way        TEXT NOT NULL CHECK (way IN ('dates', 'since', 'full')),
  first_day  TEXT NOT NULL,                  -- '' where it is read in full
  last_day   TEXT NOT NULL,                  -- likewise, and where it is drained since a day
  guess      INTEGER NOT NULL,               -- rows that it is expected to bring
  PRIMARY KEY (backfill, n),
  UNIQUE (endpoint, lane)
) STRICT, WITHOUT ROWID;
