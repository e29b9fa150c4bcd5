-- name: close-items
-- What is not so any more is decided where a person's word came since it was
-- last seen, and otherwise resolved. ?1 = run.
UPDATE item SET closed_run = ?1, closed_how = CASE WHEN
    EXISTS (SELECT 1 FROM decision d WHERE d.undone_at = '' AND d.waits = 0 AND d.at >= item.seen_at
      AND d.destination = item.destination AND d.object = item.object AND d.source_id = item.source_id)
    OR item.lookup <> '' AND EXISTS (SELECT 1 FROM decision d WHERE d.undone_at = '' AND d.waits = 0 AND d.at >= item.seen_at
      AND d.destination = item.destination AND d.lookup = item.lookup AND d.key = item.key)
    OR EXISTS (SELECT 1 FROM approval a WHERE a.at >= item.seen_at
      AND a.destination = item.destination AND a.object = item.object AND a.source_id = item.source_id)
    THEN 'decided' ELSE 'resolved' END
WHERE closed_run = '' AND NOT EXISTS (SELECT 1 FROM target t WHERE t.id = item.target AND t.outcome = item.outcome AND t.cause = item.cause
  AND t.field = item.field AND t.code = item.code AND t.destination = item.destination AND t.object = item.object AND t.source_id = item.source_id)

-- name: see-items
-- What is open still, once what is not so any more was closed. ?1 = run, ?2 = its start.
UPDATE item SET seen_run = ?1, seen_at = ?2,
  lookup = coalesce((SELECT p.lookup FROM problem p WHERE p.target = item.target AND p.lookup <> '' ORDER BY p.n LIMIT 1), ''),
  key = coalesce((SELECT p.key FROM problem p WHERE p.target = item.target AND p.lookup <> '' ORDER BY p.n LIMIT 1), '')
WHERE closed_run = ''

-- name: open-items
-- What was not open. ?1 = run, ?2 = its start. A break that comes back is the
-- same one.
INSERT INTO item (destination, object, source_id, outcome, cause, field, code, target, lookup, key, first_at, opened_run, opened_at, seen_run, seen_at)
SELECT t.destination, t.object, t.source_id, t.outcome, t.cause, t.field, t.code, t.id,
  coalesce((SELECT p.lookup FROM problem p WHERE p.target = t.id AND p.lookup <> '' ORDER BY p.n LIMIT 1), ''),
  coalesce((SELECT p.key FROM problem p WHERE p.target = t.id AND p.lookup <> '' ORDER BY p.n LIMIT 1), ''),
  ?2, ?1, ?2, ?1, ?2
FROM target t INDEXED BY target_open
WHERE t.outcome IN ('uncertain', 'held', 'rejected', 'invalid', 'blocked', 'failed', 'mismatched', 'missing')
  AND NOT EXISTS (SELECT 1 FROM item i WHERE i.target = t.id AND i.closed_run = '')
ON CONFLICT (destination, object, source_id, outcome, cause, field, code) DO UPDATE SET
  times = times + (closed_run <> ''),
  opened_run = CASE WHEN closed_run <> '' THEN excluded.opened_run ELSE opened_run END,
  opened_at = CASE WHEN closed_run <> '' THEN excluded.opened_at ELSE opened_at END,
  target = excluded.target, lookup = excluded.lookup, key = excluded.key,
  seen_run = excluded.seen_run, seen_at = excluded.seen_at, closed_run = '', closed_how = ''

-- name: put-backlog
INSERT OR REPLACE INTO backlog (run, opening, fresh, reopened, resolved, decided, closing) VALUES (?1,
  (SELECT count(*) FROM item WHERE opened_run <> ?1 AND closed_run IN ('', ?1)),
  (SELECT count(*) FROM item WHERE opened_run = ?1 AND times = 1),
  (SELECT count(*) FROM item WHERE opened_run = ?1 AND times > 1),
  (SELECT count(*) FROM item WHERE closed_run = ?1 AND closed_how = 'resolved'),
  (SELECT count(*) FROM item WHERE closed_run = ?1 AND closed_how = 'decided'),
  (SELECT count(*) FROM target INDEXED BY target_open WHERE outcome IN ('uncertain', 'held', 'rejected', 'invalid', 'blocked', 'failed', 'mismatched', 'missing')))

-- name: forget-backlog
DELETE FROM backlog WHERE run IN (SELECT value FROM json_each(?))

-- name: forget-items
-- A break that closed before the oldest run that is kept comes back as a new
-- one.
DELETE FROM item WHERE closed_run IN (SELECT value FROM json_each(?))

-- name: put-difference
INSERT INTO difference (target, destination, object, source_id, target_id, run, payload) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (target) DO UPDATE SET target_id = excluded.target_id, run = excluded.run, payload = excluded.payload

-- name: forget-differences
-- They stand while a record that is compared is mismatched, and while the first
-- overwrite of one that was adopted has not been taken.
DELETE FROM difference WHERE NOT EXISTS (SELECT 1 FROM target t WHERE t.id = difference.target AND (t.outcome = 'mismatched'
  OR t.acked_hash IS NULL AND t.outcome IN ('held', 'failed', 'blocked', 'uncertain', 'rejected')))

-- name: put-extra
INSERT INTO extra (destination, object, target_id, first_run, run, payload, month) VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6)
ON CONFLICT (destination, object, target_id) DO UPDATE SET run = excluded.run, payload = excluded.payload, month = excluded.month

-- name: forget-extra
DELETE FROM extra WHERE destination = ? AND object = ? AND run <> ?
