-- name: open-run
INSERT INTO run (id, trigger, started_at, dry, part, version, rules) VALUES (?, ?, ?, ?, ?, ?, ?)

-- name: close-run
UPDATE run SET finished_at = ?, exit_code = ?, note = ? WHERE id = ?

-- name: runs
SELECT id, trigger, started_at, finished_at, exit_code, note, dry, part, version FROM run ORDER BY id DESC LIMIT ?

-- name: run
SELECT id, trigger, started_at, finished_at, exit_code, note, dry, part, version FROM run WHERE id = ?

-- name: turn-page
-- What an earlier run created or updated is unchanged from now on.
UPDATE target INDEXED BY target_fresh SET outcome = CASE WHEN outcome IN ('created', 'updated') THEN 'unchanged' ELSE outcome END, attempts = 0, http_status = 0
WHERE (outcome IN ('created', 'updated') OR attempts > 0) AND run <> 'callback'

-- name: count-called
-- What callbacks brought since the last run is counted in this one.
UPDATE target SET run = ? WHERE run = 'callback'

-- name: leave
-- What is staged and not judged yet is failed until it is: what is new, and
-- what changed since it was found to be equal. Other outcomes of what changed
-- stand. ?1 = run, ?2 = destination, ?3 = object, ?4 = endpoint, ?5 = slot, ?6 = it is what the records hold.
INSERT INTO target (destination, object, source_endpoint, source_id, parent_id, slot, outcome, cause, message, run)
SELECT ?2, ?3, r.endpoint, r.source_id || p.value, iif(?6, r.source_id, ''), ?5, 'failed', 'not_judged', 'it is staged and not judged yet; the next run does that', ?1
FROM record r, json_each(CASE WHEN NOT ?6 THEN '[""]' WHEN r.part_names = '' THEN '[]' ELSE '["/' || replace(r.part_names, ',', '","/') || '"]' END) p
WHERE r.endpoint = ?4 AND r.seq > coalesce((SELECT seq FROM shape WHERE destination = ?2 AND object = ?3), 0)
ON CONFLICT (destination, object, source_endpoint, source_id) DO UPDATE SET
  outcome = excluded.outcome, cause = excluded.cause, message = excluded.message, run = excluded.run WHERE outcome = 'unchanged'

-- name: drop-parts
-- What a record that is not judged yet held and holds no more.
DELETE FROM target WHERE id IN (SELECT t.id FROM record r CROSS JOIN target t INDEXED BY target_parent
    ON t.destination = ?1 AND t.parent_id = r.source_id AND t.parent_id <> '' AND t.object = ?2 AND t.source_endpoint = r.endpoint
  WHERE r.endpoint = ?3 AND r.seq > coalesce((SELECT seq FROM shape WHERE destination = ?1 AND object = ?2), 0)
    AND instr(',' || r.part_names || ',', ',' || substr(t.source_id, length(t.parent_id) + 2) || ',') = 0)

-- name: count-linked
UPDATE crosswalk SET run = ? WHERE run = 'callback'

-- name: put-results
-- ?2 = why what maps was not sent, by destination/object.
INSERT OR REPLACE INTO result (run, target, outcome, cause, attempts, http_status, target_id, field, code, message, hash,
  destination, object, source_endpoint, source_id)
SELECT ?1, t.id, t.outcome, t.cause, t.attempts, t.http_status, coalesce(c.target_id, ''), t.field, t.code,
  CASE WHEN t.cause = 'not_sent' AND t.message = '' THEN coalesce(?2 ->> (t.destination || '/' || t.object),
    'its destination, or this object there, is not enabled in the config') ELSE t.message END, t.hash,
  t.destination, t.object, t.source_endpoint, t.source_id
FROM target t LEFT JOIN crosswalk c ON c.destination = t.destination AND c.object = t.object AND c.source_id = t.source_id
WHERE t.run = ?1 AND t.outcome <> 'unchanged'

-- name: put-open-results
INSERT OR REPLACE INTO result (run, target, outcome, cause, attempts, http_status, target_id, field, code, message, hash,
  destination, object, source_endpoint, source_id)
SELECT ?1, t.id, t.outcome, t.cause, t.attempts, t.http_status, coalesce(c.target_id, ''), t.field, t.code,
  CASE WHEN t.cause = 'not_sent' AND t.message = '' THEN coalesce(?2 ->> (t.destination || '/' || t.object),
    'its destination, or this object there, is not enabled in the config') ELSE t.message END, t.hash,
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
-- Counted from staging alone. ?1 = run, ?2 = destination, ?3 = object, ?4 = endpoint, ?5 = it counts what the records hold.
INSERT OR REPLACE INTO tally (run, destination, object, outcome, n)
SELECT ?1, ?2, ?3, 'source', coalesce(sum(CASE WHEN ?5 THEN parts ELSE n END), 0) FROM staged WHERE endpoint = ?4

-- name: unbalanced
-- Objects whose outcomes do not add up to their source.
SELECT s.destination, s.object, s.n AS source, coalesce(sum(t.n), 0) AS sum FROM tally s
LEFT JOIN tally t ON t.run = s.run AND t.destination = s.destination AND t.object = s.object AND t.outcome NOT IN ('source', 'extra')
WHERE s.run = ? AND s.outcome = 'source' GROUP BY s.destination, s.object HAVING s.n <> coalesce(sum(t.n), 0)

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

-- name: forget-fetched
DELETE FROM fetched WHERE run IN (SELECT value FROM json_each(?))

-- name: forget-runs
DELETE FROM run WHERE id IN (SELECT value FROM json_each(?))

-- name: forget-calls
-- No limit looks further back than a day.
DELETE FROM call WHERE at_ms < (SELECT max(at_ms) FROM call) - 86400000 AND run IN (SELECT value FROM json_each(?))
