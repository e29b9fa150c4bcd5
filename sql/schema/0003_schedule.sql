-- What became of every time that a schedule fell due. The key is why a clock
-- that goes back, or a restart, never runs an occurrence twice.
CREATE TABLE occurrence (
  schedule  TEXT NOT NULL,
  due_at    TEXT NOT NULL,                   -- UTC
  local     TEXT NOT NULL,                   -- the wall clock that the cron spec names
  state     TEXT NOT NULL CHECK (state IN ('running', 'ran', 'late', 'skipped', 'failed')),
  attempts  INTEGER NOT NULL DEFAULT 0,      -- how often it was begun and not stopped in order
  begun_at  TEXT NOT NULL DEFAULT '',
  ended_at  TEXT NOT NULL DEFAULT '',
  exit_code INTEGER NOT NULL DEFAULT -1,
  run       TEXT NOT NULL DEFAULT '',
  note      TEXT NOT NULL DEFAULT '',        -- why it was skipped or failed
  PRIMARY KEY (schedule, due_at)
) STRICT, WITHOUT ROWID;
CREATE INDEX occurrence_due ON occurrence (due_at);
