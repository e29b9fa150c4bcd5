-- name: open-run
INSERT INTO run (id, trigger, started_at, dry, part, version, rules) VALUES (?, ?, ?, ?, ?, ?, ?)

-- name: close-run
UPDATE run SET finished_at = ?, exit_code = ?, note = ? WHERE id = ?

-- name: runs
SELECT id, trigger, started_at, finished_at, exit_code, note, dry, version FROM run ORDER BY id DESC LIMIT ?

-- name: run
SELECT id, trigger, started_at, finished_at, exit_code, note, dry, version FROM run WHERE id = ?

-- name: turn-page
-- What an earlier run created or updated is unchanged from now on.
UPDATE target INDEXED BY target_fresh SET outcome = CASE WHEN outcome IN ('created', 'updated') THEN 'unchanged' ELSE outcome END, attempts = 0, http_status = 0
WHERE (outcome IN ('created', 'updated') OR attempts > 0) AND run <> 'callback'

-- name: count-called
-- What callbacks brought since the last run is counted in this one.
UPDATE target SET run = ? WHERE run = 'callback'

-- name: count-linked
UPDATE crosswalk SET run = ? WHERE run = 'callback'

-- name: put-results
INSERT OR REPLACE INTO result (run, target, outcome, cause, attempts, http_status, target_id, field, code, message, hash,
  destination, object, source_endpoint, source_id)
SELECT ?1, t.id, t.outcome, t.cause, t.attempts, t.http_status, coalesce(c.target_id, ''), t.field, t.code,
  CASE WHEN t.cause = 'not_sent' AND t.message = '' THEN coalesce((SELECT value FROM setting WHERE name = 'unsent/' || t.destination), '') ELSE t.message END, t.hash,
  t.destination, t.object, t.source_endpoint, t.source_id
FROM target t LEFT JOIN crosswalk c ON c.destination = t.destination AND c.object = t.object AND c.source_id = t.source_id
WHERE t.run = ?1 AND t.outcome <> 'unchanged'

-- name: put-open-results
INSERT OR REPLACE INTO result (run, target, outcome, cause, attempts, http_status, target_id, field, code, message, hash,
  destination, object, source_endpoint, source_id)
SELECT ?1, t.id, t.outcome, t.cause, t.attempts, t.http_status, coalesce(c.target_id, ''), t.field, t.code,
  CASE WHEN t.cause = 'not_sent' AND t.message = '' THEN coalesce((SELECT value FROM setting WHERE name = 'unsent/' || t.destination), '') ELSE t.message END, t.hash,
  t.destination, t.object, t.source_endpoint, t.source_id
FROM target t INDEXED BY target_open LEFT JOIN crosswalk c ON c.destination = t.destination AND c.object = t.object AND c.source_id = t.source_id
WHERE t.run <> ?1 AND t.outcome IN ('uncertain', 'held', 'rejected', 'invalid', 'blocked', 'failed', 'mismatched', 'missing')

-- name: attempted
SELECT EXISTS (SELECT 1 FROM result WHERE run = ? AND attempts > 0)

-- name: put-tally
INSERT OR REPLACE INTO tally (run, destination, object, outcome, n)
SELECT ?, destination, object, outcome, sum(n) FROM standing GROUP BY destination, object, outcome HAVING sum(n) > 0

-- name: standing
-- How many records have each outcome now, whatever run reached it.
SELECT destination, object, outcome, sum(n) AS n FROM standing GROUP BY destination, object, outcome HAVING sum(n) > 0 ORDER BY destination, object, outcome

-- name: tally
-- The number of source records stands beside the outcomes, for reports.
SELECT destination, object, outcome, n FROM tally WHERE run = ? AND outcome <> 'source' ORDER BY destination, object, outcome

-- name: put-source
INSERT OR REPLACE INTO tally (run, destination, object, outcome, n) VALUES (?, ?, ?, 'source', ?)

-- name: extra
INSERT OR REPLACE INTO tally (run, destination, object, outcome, n)
SELECT ?1, ?2, ?3, 'extra', count(*) FROM extra WHERE destination = ?2 AND object = ?3

-- name: source-count
SELECT coalesce(sum(n), 0) AS n, coalesce(sum(parts), 0) AS parts FROM staged WHERE endpoint = ?

-- name: last-audit
SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1

-- name: add-audit
INSERT INTO audit (seq, at, actor, action, subject, detail, prev, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)

-- name: audit
SELECT seq, at, actor, action, subject, detail, prev, hash FROM audit ORDER BY seq

-- name: all-runs
SELECT id, started_at, dry, part FROM run ORDER BY id DESC

-- name: forget-results
DELETE FROM result WHERE run IN (SELECT value FROM json_each(?))

-- name: forget-tally
DELETE FROM tally WHERE run IN (SELECT value FROM json_each(?))

-- name: forget-runs
DELETE FROM run WHERE id IN (SELECT value FROM json_each(?))

-- name: forget-calls
-- No limit looks further back than a day.
DELETE FROM call WHERE at_ms < (SELECT max(at_ms) FROM call) - 86400000 AND run IN (SELECT value FROM json_each(?))
