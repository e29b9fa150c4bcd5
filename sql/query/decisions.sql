-- name: decide-item
-- A record as a decision sees it, with how many people approve its payload now.
SELECT t.id, t.destination, t.object, t.source_endpoint, t.source_id, t.parent_id, t.outcome, t.cause, t.field, t.code, t.message,
  t.hash, t.refused_hash, r.hash AS source_hash,
  coalesce((SELECT p.lookup FROM problem p WHERE p.target = t.id AND p.lookup <> '' ORDER BY p.n LIMIT 1), '') AS lookup,
  coalesce((SELECT p.key FROM problem p WHERE p.target = t.id AND p.lookup <> '' ORDER BY p.n LIMIT 1), '') AS key,
  (SELECT count(DISTINCT a.by) FROM approval a WHERE a.destination = t.destination AND a.object = t.object AND a.source_id = t.source_id
    AND a.hash = t.hash AND a.expires_at > ?4) AS approvals
FROM target t LEFT JOIN record r ON r.endpoint = t.source_endpoint
  AND r.source_id = CASE instr(t.source_id, '/') WHEN 0 THEN t.source_id ELSE substr(t.source_id, 1, instr(t.source_id, '/') - 1) END
WHERE t.destination = ?1 AND t.object = ?2 AND t.source_id = ?3

-- name: spelling
SELECT by FROM (SELECT by FROM decision UNION ALL SELECT by FROM approval) WHERE by = ? COLLATE NOCASE LIMIT 1

-- name: lacked-keys
-- The value of a lookup that a MAP of these records speaks of.
SELECT t.destination, t.object, t.source_id, p.lookup, p.key, min(p.n) AS n FROM problem p JOIN target t ON t.id = p.target
WHERE p.lookup <> '' AND t.outcome = 'invalid' AND t.source_id IN (SELECT value FROM json_each(?)) GROUP BY t.id

-- name: decided-before
-- What was decided about a record as the workbook showed it, and still stands.
-- What was decided before the workbook's run is history: the run acted on it.
SELECT verb, value, by, at FROM decision
WHERE destination = ? AND object = ? AND source_id = ? AND state = ? AND at >= ? AND undone_at = '' ORDER BY id DESC

-- name: decided-rule
-- What was decided about a whole value of a lookup, and still stands.
SELECT value, by, waits FROM decision WHERE destination = ? AND lookup = ? AND key = ? AND target = 0 AND undone_at = '' ORDER BY id DESC

-- name: lacking-key
-- How many records wait for a value of a lookup.
SELECT count(DISTINCT p.target) FROM problem p JOIN target t ON t.id = p.target
WHERE t.destination = ? AND p.lookup = ? AND p.key = ? AND t.outcome = 'invalid'

-- name: approved-by
SELECT expires_at FROM approval WHERE destination = ? AND object = ? AND source_id = ? AND hash = ? AND by = ?

-- name: approvers-of
SELECT count(DISTINCT by) FROM approval WHERE destination = ? AND object = ? AND source_id = ? AND hash = ? AND expires_at > ?

-- name: log-decision
INSERT INTO decision (target, destination, object, source_id, verb, value, lookup, key, comment, hash, source_hash, state, before, waits, by, at, file, import)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: release-waiting
-- A second person said the same.
UPDATE decision SET waits = 0 WHERE destination = ? AND lookup = ? AND key = ? AND value = ? AND target = 0 AND undone_at = ''

-- name: open-import
INSERT INTO import (file, run, by, at, rows, applied) VALUES (?, ?, ?, ?, ?, ?) RETURNING id

-- name: count-import
UPDATE import SET applied = ? WHERE id = ?

-- name: import-one
SELECT id, file, run, by, at, rows, applied, undone_at FROM import WHERE id = ?

-- name: imports
SELECT id, file, run, by, at, rows, applied, undone_at FROM import ORDER BY id DESC LIMIT ?

-- name: standing-imports
SELECT id FROM import WHERE undone_at = '' AND (?1 = '' OR file = ?1) ORDER BY id DESC

-- name: undo-import
UPDATE import SET undone_at = ?, undone_by = ? WHERE id = ?

-- name: decisions-of
SELECT id, target, destination, object, source_id, verb, value, lookup, key, hash, before, waits, by, at, undone_at FROM decision
WHERE import = ? ORDER BY id DESC

-- name: undo-decision
UPDATE decision SET undone_at = ? WHERE id = ?

-- name: run-since
SELECT EXISTS (SELECT 1 FROM run WHERE started_at >= ? AND dry = 0)

-- name: lookup-row
SELECT id FROM lookup WHERE destination = ? AND lookup = ? AND key = ?

-- name: lookup-rows
SELECT destination, lookup, key, id, by, at FROM lookup ORDER BY destination, lookup, key

-- name: put-lookup
INSERT INTO lookup (destination, lookup, key, id, by, at) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (destination, lookup, key) DO UPDATE SET id = excluded.id, by = excluded.by, at = excluded.at

-- name: drop-lookup
DELETE FROM lookup WHERE destination = ? AND lookup = ? AND key = ? AND id = ?

-- name: drop-crosswalk
DELETE FROM crosswalk WHERE destination = ? AND object = ? AND source_id = ? AND target_id = ?

-- name: restore-target
-- As it stood before a decision that no run has acted on.
UPDATE target SET outcome = ?, cause = ?, field = ?, code = ?, message = ?, refused_hash = ? WHERE id = ? AND outcome = 'failed' AND cause = 'not_sent'

-- name: withdraw-approval
UPDATE approval SET expires_at = ? WHERE destination = ? AND object = ? AND source_id = ? AND hash = ? AND by = ? AND expires_at > ?
