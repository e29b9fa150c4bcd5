-- name: acked-payloads
SELECT id, destination, object, source_id, acked_payload FROM target
WHERE acked_payload IS NOT NULL AND id IN (SELECT value FROM json_each(?))

-- name: waiting-discharges
SELECT t.source_id, lower(hex(t.hash)) AS hash, t.outcome, t.cause, t.message,
  (SELECT count(DISTINCT a.by) FROM approval a WHERE a.destination = t.destination AND a.object = t.object AND a.source_id = t.source_id
    AND a.hash = t.hash AND a.expires_at > ?) AS approvals,
  (SELECT group_concat(a.by, ', ') FROM approval a WHERE a.destination = t.destination AND a.object = t.object AND a.source_id = t.source_id
    AND a.hash = t.hash AND a.expires_at > ?) AS approved_by,
  coalesce((SELECT d.by FROM decision d JOIN record r ON r.endpoint = t.source_endpoint AND r.hash = d.source_hash
    AND r.source_id = CASE WHEN t.parent_id <> '' AND t.source_endpoint = 'patients' THEN t.parent_id ELSE t.source_id END
    WHERE d.destination = t.destination AND d.object = t.object AND d.source_id = t.source_id AND d.verb = 'SKIP' AND d.undone_at = ''
    AND t.outcome <> 'excluded' ORDER BY d.id DESC LIMIT 1), '') AS skipped_by
FROM target t WHERE t.destination = 'central_registry' AND t.object = 'discharge'
  AND t.outcome IN ('held', 'uncertain', 'rejected', 'invalid', 'failed') ORDER BY t.id

-- name: discharge
SELECT t.hash, t.outcome, t.cause, t.payload IS NOT NULL AS maps, t.acked_hash IS NOT NULL AS recorded,
  t.refused_hash IS NOT NULL AND t.refused_hash = t.hash AS refused FROM target t
WHERE t.destination = 'central_registry' AND t.object = 'discharge' AND t.source_id = ?

-- name: put-approval
INSERT INTO approval (destination, object, source_id, hash, by, at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (destination, object, source_id, hash, by) DO UPDATE SET at = excluded.at, expires_at = excluded.expires_at

-- name: uncertain
SELECT id, destination, object, source_id, op, intent_at, deadline, phase, http_status, transaction_id <> '' AS awaited FROM delivery
WHERE state = 'uncertain' ORDER BY id

-- name: uncertain-one
SELECT d.id, d.target, d.destination, d.object, d.source_id, d.op, d.hash, d.payload, d.needs, '' AS target_id
FROM delivery d WHERE d.id = ? AND d.state = 'uncertain'

-- name: void-delivery
UPDATE delivery SET state = 'void', answered_at = ?, settled_by = ?, evidence = ? WHERE id = ? AND state = 'uncertain'

-- name: release-target
-- Due again: judged by the next run, sent once. What they hold as it maps now
-- has nothing to send; what was there under an unknown id is not, a person says.
UPDATE target SET acked_hash = CASE WHEN parent_id <> '' OR cause = 'no_id' THEN nullif(acked_hash, x'') ELSE acked_hash END, outcome = CASE WHEN hash = acked_hash THEN 'unchanged' ELSE 'failed' END,
  cause = CASE WHEN hash = acked_hash THEN '' ELSE 'not_sent' END, refused_hash = NULL, field = '', code = '', message = '' WHERE id = ?

-- name: release-parent
-- What travels inside another record goes again with it: at once, or, where
-- that one does not map and this one was never taken, when that one maps again.
-- ?2 = null: it is compared with what is there first; empty: it is sent.
UPDATE target SET acked_hash = ?2, outcome = CASE WHEN payload IS NULL THEN outcome ELSE 'failed' END,
  cause = CASE WHEN payload IS NULL THEN cause ELSE 'not_sent' END WHERE parent_id = '' AND source_endpoint = 'patients'
  AND (destination, source_id) IN (SELECT destination, parent_id FROM target WHERE id = ?1 AND parent_id <> '')
  AND (payload IS NOT NULL AND (outcome IN ('unchanged', 'created', 'updated') OR cause = 'not_judged')
    OR payload IS NULL AND outcome IN ('invalid', 'failed') AND EXISTS (SELECT 1 FROM target WHERE id = ?1 AND acked_hash IS NULL))

-- name: rejected
SELECT t.id, t.destination, t.object, t.source_endpoint, t.source_id, t.outcome, t.cause, t.field, t.code, t.message, t.http_status, t.run,
  CASE WHEN t.outcome = 'rejected' THEN t.words END AS words,
  count(d.id) AS refusals, coalesce(min(d.answered_at), r.started_at, '') AS first_at, coalesce(max(d.answered_at), r.started_at, '') AS last_at,
  coalesce((SELECT d.by FROM decision d JOIN record r ON r.endpoint = t.source_endpoint AND r.hash = d.source_hash
    AND r.source_id = CASE WHEN t.parent_id <> '' AND t.source_endpoint = 'patients' THEN t.parent_id ELSE t.source_id END
    WHERE d.destination = t.destination AND d.object = t.object AND d.source_id = t.source_id AND d.verb = 'SKIP' AND d.undone_at = ''
    AND t.outcome <> 'excluded' ORDER BY d.id DESC LIMIT 1), '') AS skipped_by
FROM target t LEFT JOIN run r ON r.id = t.run
LEFT JOIN delivery d ON d.destination = t.destination AND d.object = t.object AND d.source_id = t.source_id AND d.state = 'rejected'
WHERE t.outcome IN ('rejected', 'invalid') GROUP BY t.id ORDER BY t.destination, t.object, t.outcome, t.cause, t.field, t.message, t.id

-- name: no-id
SELECT id, destination, object, source_endpoint, source_id, outcome, cause, field, code, message, http_status, run FROM target
WHERE outcome = 'held' AND cause = 'no_id' ORDER BY destination, object, id

-- name: put-decision
INSERT INTO decision (target, destination, object, source_id, verb, value, comment, hash, source_hash, by, at, file)
SELECT t.id, t.destination, t.object, t.source_id, ?, ?, ?, t.hash, r.hash, ?, ?, ? FROM target t LEFT JOIN record r
  ON r.endpoint = t.source_endpoint AND r.source_id = CASE WHEN t.parent_id <> '' AND t.source_endpoint = 'patients' THEN t.parent_id ELSE t.source_id END
WHERE t.id = ?

-- name: crosswalk
SELECT destination, object, source_id, target_id, how, run FROM crosswalk
WHERE (?1 = '' OR destination = ?1) AND (?2 = '' OR object = ?2) ORDER BY destination, object, source_id

-- name: crosswalk-one
SELECT target_id FROM crosswalk WHERE destination = ? AND object = ? AND source_id = ?

-- name: crosswalk-of
SELECT source_id FROM crosswalk WHERE destination = ? AND object = ? AND target_id = ?

-- name: release-imported
-- A record whose id is new or another than before is compared by the next run,
-- whatever became of it; one that was linked so already, where it waits for a
-- person or another record. What is final is never sent again.
UPDATE target SET acked_hash = CASE WHEN ?4 THEN NULL ELSE acked_hash END, acked_payload = CASE WHEN ?4 THEN NULL ELSE acked_payload END, refused_hash = CASE WHEN ?4 THEN NULL ELSE refused_hash END,
  outcome = 'failed', cause = 'not_sent', field = '', code = '', message = ''
WHERE destination = ?1 AND object = ?2 AND source_id = ?3 AND payload IS NOT NULL AND destination <> 'central_registry'
  AND (?4 OR outcome IN ('held', 'blocked'))
  AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.target = target.id AND d.state IN ('intent', 'uncertain'))
RETURNING id
