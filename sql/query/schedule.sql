-- name: last-occurrence
SELECT coalesce(max(due_at), '') FROM occurrence WHERE schedule = ? AND due_at <= ?

-- name: has-occurrence
SELECT count(*) FROM occurrence WHERE schedule = ? AND due_at = ?

-- name: begun-occurrences
SELECT schedule, due_at, local, state, attempts, begun_at, ended_at, exit_code, run, note FROM occurrence WHERE state = 'running' ORDER BY due_at, schedule

-- name: occurrences
SELECT schedule, due_at, local, state, attempts, begun_at, ended_at, exit_code, run, note FROM occurrence ORDER BY due_at DESC, schedule LIMIT ?

-- name: begin-occurrence
INSERT INTO occurrence (schedule, due_at, local, state, attempts, begun_at) VALUES (?1, ?2, ?3, 'running', 1, ?4)
ON CONFLICT (schedule, due_at) DO UPDATE SET attempts = attempts + 1, begun_at = excluded.begun_at WHERE state = 'running'

-- name: skip-occurrence
INSERT INTO occurrence (schedule, due_at, local, state, ended_at, note) VALUES (?1, ?2, ?3, 'skipped', ?4, ?5)
ON CONFLICT (schedule, due_at) DO UPDATE SET state = 'skipped', ended_at = excluded.ended_at, note = excluded.note WHERE state = 'running'

-- name: end-occurrence
UPDATE occurrence SET state = ?, ended_at = ?, exit_code = ?, run = ?, note = ? WHERE schedule = ? AND due_at = ?

-- name: stop-occurrence
UPDATE occurrence SET attempts = attempts - 1, note = 'stopped in the middle; the next start goes on' WHERE schedule = ? AND due_at = ? AND state = 'running'

-- name: forget-occurrences
DELETE FROM occurrence WHERE state = 'skipped' AND due_at > ?

-- name: last-good-run
SELECT coalesce(max(finished_at), '') FROM run WHERE exit_code IN (0, 4) AND finished_at <> '' AND dry = 0 AND part = 0

-- name: last-run
SELECT id, trigger, started_at, finished_at, exit_code, note, dry, version FROM run
WHERE finished_at <> '' AND dry = 0 AND part = 0 AND exit_code <> 137 ORDER BY finished_at DESC LIMIT 1

-- name: last-ending
-- The newest end that says whether nights go well: one that a person or the
-- system interrupted says nothing, and a night may fail before it has a row.
SELECT at, exit_code, run FROM (
  SELECT finished_at AS at, exit_code, id AS run FROM run WHERE finished_at <> '' AND dry = 0 AND part = 0 AND exit_code < 128
  UNION ALL
  SELECT ended_at, exit_code, run FROM occurrence WHERE state = 'failed' AND run = ''
) ORDER BY at DESC LIMIT 1

-- name: run-calls
SELECT count(*) FROM call WHERE run = ?

-- name: prune-occurrences
-- The newest of each schedule stays: it says from when on times are due.
DELETE FROM occurrence WHERE state <> 'running' AND due_at < ?
  AND due_at < (SELECT max(o.due_at) FROM occurrence o WHERE o.schedule = occurrence.schedule)
