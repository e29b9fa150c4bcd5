-- What differs at a destination, what is theirs alone, and what is open: each
-- break with its identity, from night to night.

-- Both values of each field in which theirs differs from ours. The payload is
-- a JSON list of [field, ours, theirs], compressed and sealed.
CREATE TABLE difference (
  target      INTEGER PRIMARY KEY REFERENCES target (id) ON DELETE CASCADE,
  destination TEXT NOT NULL, object TEXT NOT NULL, source_id TEXT NOT NULL,
  target_id   TEXT NOT NULL,
  run         TEXT NOT NULL,                 -- that saw it last
  payload     BLOB NOT NULL
) STRICT;

-- What a destination holds and no source record explains, where it was looked
-- for. The payload says what it is, as JSON, compressed and sealed.
CREATE TABLE extra (
  destination TEXT NOT NULL, object TEXT NOT NULL, target_id TEXT NOT NULL,
  first_run   TEXT NOT NULL,
  run         TEXT NOT NULL,                 -- that saw it last
  payload     BLOB NOT NULL,
  PRIMARY KEY (destination, object, target_id)
) STRICT;

-- A break: a record that waits for something, was refused, or differs, and why.
-- The same break of the same record is the same row, also when it comes back.
CREATE TABLE item (
  id          INTEGER PRIMARY KEY,
  destination TEXT NOT NULL, object TEXT NOT NULL, source_id TEXT NOT NULL,
  outcome     TEXT NOT NULL, cause TEXT NOT NULL, field TEXT NOT NULL, code TEXT NOT NULL,
  target      INTEGER NOT NULL,              -- a row of target, which may be gone by now
  lookup      TEXT NOT NULL DEFAULT '',      -- that lacks a key, where that is why
  key         TEXT NOT NULL DEFAULT '',
  first_at    TEXT NOT NULL,                 -- when it was seen first
  opened_run  TEXT NOT NULL,                 -- since when it is open without a break
  opened_at   TEXT NOT NULL,
  times       INTEGER NOT NULL DEFAULT 1,    -- how often it opened
  seen_run    TEXT NOT NULL,                 -- that saw it open last
  seen_at     TEXT NOT NULL,
  closed_run  TEXT NOT NULL DEFAULT '',      -- '' = open
  closed_how  TEXT NOT NULL DEFAULT '' CHECK (closed_how IN ('', 'resolved', 'decided')),
  UNIQUE (destination, object, source_id, outcome, cause, field, code)
) STRICT;
CREATE INDEX item_target ON item (target) WHERE closed_run = '';
CREATE INDEX item_opened ON item (opened_run);
CREATE INDEX item_closed ON item (closed_run);

-- What was open before is open still, since the run that judged it so.
INSERT INTO item (destination, object, source_id, outcome, cause, field, code, target, lookup, key, first_at, opened_run, opened_at, seen_run, seen_at)
SELECT t.destination, t.object, t.source_id, t.outcome, t.cause, t.field, t.code, t.id,
  coalesce((SELECT p.lookup FROM problem p WHERE p.target = t.id AND p.lookup <> '' ORDER BY p.n LIMIT 1), ''),
  coalesce((SELECT p.key FROM problem p WHERE p.target = t.id AND p.lookup <> '' ORDER BY p.n LIMIT 1), ''),
  coalesce(u.started_at, ''), t.run, coalesce(u.started_at, ''), t.run, coalesce(u.started_at, '')
FROM target t LEFT JOIN run u ON u.id = t.run
WHERE t.outcome IN ('uncertain', 'held', 'rejected', 'invalid', 'blocked', 'failed', 'mismatched', 'missing')
ON CONFLICT DO NOTHING;

-- The ledger of what is open: opening + fresh + reopened - resolved - decided
-- = closing. closing is counted from the targets, apart from the others.
CREATE TABLE backlog (
  run      TEXT PRIMARY KEY,
  opening  INTEGER NOT NULL, fresh INTEGER NOT NULL, reopened INTEGER NOT NULL,
  resolved INTEGER NOT NULL, decided INTEGER NOT NULL, closing INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
