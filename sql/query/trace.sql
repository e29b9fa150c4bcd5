-- name: trace-record
SELECT endpoint, source_id, lower(hex(hash)) AS hash, updated_at, patient, doctor, parts, gone, deleted, fault, o.run AS first_run, iif(changed_run = '', o.run, changed_run) AS changed_run
FROM record r JOIN (SELECT record, run FROM origin) o ON o.record = r.id WHERE endpoint = ? AND source_id = ?

-- name: trace-versions
-- The versions of a record, the current one last, each with how many calls its
-- run made to the endpoint.
SELECT v.seq, lower(hex(v.hash)) AS hash, v.updated_at, v.run, coalesce(u.started_at, '') AS run_started,
  (SELECT count(*) FROM call c WHERE c.run = v.run AND c.endpoint = ?1) AS calls
FROM (SELECT seq, hash, updated_at, run FROM version WHERE endpoint = ?1 AND source_id = ?2
  UNION ALL SELECT seq, hash, updated_at, iif(changed_run = '', (SELECT run FROM origin o WHERE o.record = r.id), changed_run)
  FROM record r WHERE endpoint = ?1 AND source_id = ?2) v
LEFT JOIN run u ON u.id = v.run ORDER BY v.seq

-- name: trace-targets
-- What a record became at each destination, and what its parts (90001/primary) became.
SELECT t.id, t.destination, t.object, t.source_id, t.parent_id, t.slot, t.outcome, t.cause, t.field, t.code, t.message, t.http_status,
  t.attempts, t.run, EXISTS (SELECT 1 FROM run u WHERE u.id = t.run) AS run_kept,
  NOT EXISTS (SELECT 1 FROM run u WHERE u.id >= t.run) AS after_runs,
  coalesce(lower(hex(t.hash)), '') AS hash, coalesce(lower(hex(t.acked_hash)), '') AS acked_hash,
  coalesce(lower(hex(t.refused_hash)), '') AS refused_hash, coalesce(c.target_id, '') AS target_id, coalesce(c.how, '') AS how,
  coalesce(c.run, '') AS linked_run,
  coalesce((SELECT d.by FROM decision d JOIN record r ON r.endpoint = t.source_endpoint AND r.hash = d.source_hash
    AND r.source_id = CASE WHEN t.parent_id <> '' AND t.source_endpoint = 'patients' THEN t.parent_id ELSE t.source_id END
    WHERE d.destination = t.destination AND d.object = t.object AND d.source_id = t.source_id AND d.verb = 'SKIP' AND d.undone_at = ''
    AND t.outcome <> 'excluded' ORDER BY d.id DESC LIMIT 1), '') AS skipped_by
FROM target t LEFT JOIN crosswalk c ON c.destination = t.destination AND c.object = t.object AND c.source_id = t.source_id
WHERE t.source_endpoint = ?1 AND (t.source_id = ?2 OR (t.source_id > ?2 || '/' AND t.source_id < ?2 || '0'))
ORDER BY t.destination, t.object, t.source_id

-- name: trace-deliveries
SELECT id, target, op, state, lower(hex(hash)) AS hash, run, process, intent_at, deadline, answered_at, phase, http_status, code,
  target_id, settled_by, evidence
FROM delivery WHERE target IN (SELECT value FROM json_each(?)) ORDER BY id

-- name: trace-results
SELECT target, run, outcome, cause, code, field, message, attempts, http_status
FROM result WHERE target IN (SELECT value FROM json_each(?)) ORDER BY run

-- name: trace-decisions
SELECT target, verb, value, comment, by, at, file, undone_at
FROM decision WHERE target IN (SELECT value FROM json_each(?)) ORDER BY id

-- name: trace-approvals
SELECT t.id AS target, lower(hex(a.hash)) AS hash, a.by, a.at, a.expires_at FROM target t
JOIN approval a ON a.destination = t.destination AND a.object = t.object AND a.source_id = t.source_id
WHERE t.id IN (SELECT value FROM json_each(?)) ORDER BY a.at

-- name: trace-audit
-- Audit lines on the record, or on what it became at a destination.
SELECT seq, at, actor, action, subject, detail, lower(hex(hash)) AS hash FROM audit
WHERE subject = ?1 || ' ' || ?2 OR subject IN (SELECT t.destination || ' ' || t.object || ' ' || t.source_id FROM target t
  WHERE t.id IN (SELECT value FROM json_each(?3))) ORDER BY seq

-- name: trace-bodies
SELECT id, destination, object, source_id, payload FROM target WHERE id IN (SELECT value FROM json_each(?)) AND payload IS NOT NULL

-- name: audit-newest
SELECT seq, at, actor, action, subject, detail, lower(hex(hash)) AS hash FROM audit ORDER BY seq DESC LIMIT ?

-- name: lacking-lookups
-- Keys that lookups lack, with how many records each keeps back.
SELECT t.destination, p.lookup, p.key, count(DISTINCT p.target) AS records
FROM problem p JOIN target t ON t.id = p.target WHERE p.code = 'lookup' AND p.lookup <> ''
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3

-- name: backup-counts
SELECT (SELECT count(*) FROM record) AS records, (SELECT count(*) FROM target) AS targets, (SELECT count(*) FROM delivery) AS deliveries
