-- name: judged
SELECT seq, context FROM shape WHERE destination = ? AND object = ?

-- name: set-judged
INSERT INTO shape (destination, object, seq, context) VALUES (?, ?, ?, ?)
ON CONFLICT (destination, object) DO UPDATE SET seq = excluded.seq, context = excluded.context

-- name: drained
-- A backfill's window is not the whole stream, unless it was read in full.
SELECT EXISTS (SELECT 1 FROM stream WHERE endpoint = ? AND drained_at <> '' AND (lane = 'nightly' OR lane LIKE '%/full'))

-- name: any-changed
SELECT EXISTS (SELECT 1 FROM record WHERE endpoint = ? AND seq > ?)

-- name: changed
SELECT id FROM record WHERE endpoint = ? AND seq > ?

-- name: changed-by-patient
SELECT record FROM of_patient WHERE endpoint = ?1 AND patient IN
  (SELECT patient FROM record WHERE endpoint = ?2 AND seq > ?3 AND patient <> '')

-- name: changed-by-doctor
SELECT record FROM of_doctor WHERE endpoint = ?1 AND doctor IN
  (SELECT doctor FROM record WHERE endpoint = ?2 AND seq > ?3 AND doctor <> '')

-- name: unsettled
-- Refused by us, or not mapped yet after an open delivery was settled; and
-- those that a decision to skip, or one that was taken back, speaks of. A row may
-- come twice.
SELECT r.id FROM target t INDEXED BY target_open JOIN record r ON r.endpoint = t.source_endpoint
  AND r.source_id = CASE WHEN t.parent_id <> '' AND t.source_endpoint = 'patients' THEN t.parent_id ELSE t.source_id END
WHERE t.destination = ?1 AND t.object = ?2 AND r.endpoint = ?3
  AND t.outcome IN ('uncertain', 'held', 'rejected', 'invalid', 'blocked', 'failed', 'mismatched', 'missing')
  AND (t.outcome = 'invalid' OR (t.outcome = 'failed' AND t.payload IS NULL))
UNION ALL
SELECT r.id FROM decision d JOIN target t ON t.destination = d.destination AND t.object = d.object AND t.source_id = d.source_id
JOIN record r ON r.endpoint = t.source_endpoint
  AND r.source_id = CASE WHEN t.parent_id <> '' AND t.source_endpoint = 'patients' THEN t.parent_id ELSE t.source_id END
WHERE d.destination = ?1 AND d.object = ?2 AND r.endpoint = ?3 AND d.verb = 'SKIP'
  AND CASE WHEN d.undone_at = '' THEN t.outcome <> 'excluded' AND d.source_hash = r.hash ELSE t.cause = 'decision' END

-- name: uncarried
SELECT r.id FROM uncarried u CROSS JOIN target p ON p.id = u.target JOIN record r ON r.endpoint = p.source_endpoint AND r.source_id = p.source_id
WHERE p.destination = ?1 AND p.object = ?2 AND r.endpoint = ?3

-- name: set-carried
DELETE FROM uncarried WHERE target IN
  (SELECT u.target FROM uncarried u CROSS JOIN target p ON p.id = u.target WHERE p.destination = ?1 AND p.object = ?2)

-- name: note-uncarried
-- Carriers whose body does not carry just the parts that map now. What a body
-- carries is named by its needs.
INSERT INTO uncarried SELECT p.id FROM target p WHERE p.source_endpoint = 'patients' AND p.slot = '' AND p.payload IS NOT NULL AND EXISTS (
  SELECT 1 FROM target t WHERE t.destination = p.destination AND t.parent_id = p.source_id AND t.parent_id <> '' AND t.slot <> ''
    AND (t.payload IS NOT NULL) <> EXISTS (SELECT 1 FROM json_each(CASE p.needs WHEN '' THEN '[]' ELSE p.needs END) n
      WHERE n.value ->> 'object' = t.object AND n.value ->> 'id' = t.source_id))
ON CONFLICT DO NOTHING

-- name: release-carriers
-- Carriers that were taken while a part waited in an array that stayed behind, and
-- whose array nothing keeps back any more: they go again, with it. ?1 = run,
-- ?2 = destination, ?3 = the part's object, ?4 = the carrier's, ?5 = its endpoint.
UPDATE target SET acked_hash = x'', outcome = 'failed', cause = 'not_sent', run = ?1 WHERE id IN (
  SELECT p.id FROM target w JOIN target p ON p.destination = ?2 AND p.object = ?4 AND p.source_endpoint = ?5 AND p.source_id = w.parent_id
  WHERE w.destination = ?2 AND w.object = ?3 AND w.outcome = 'blocked' AND w.cause = 'parent' AND w.slot <> '' AND w.payload IS NOT NULL
    AND p.payload IS NOT NULL AND p.outcome IN ('unchanged', 'created', 'updated')
    AND NOT EXISTS (SELECT 1 FROM target t LEFT JOIN crosswalk c ON c.destination = t.destination AND c.object = t.object AND c.source_id = t.source_id
      WHERE t.destination = ?2 AND t.parent_id = w.parent_id AND t.parent_id <> '' AND t.slot = w.slot -- there, and kept back: see kept-back
        AND CASE WHEN c.target_id IS NULL THEN t.acked_hash IS NOT NULL OR t.cause = 'no_id' ELSE t.payload IS NULL OR t.outcome = 'rejected' END))

-- name: records-by-row
SELECT endpoint, source_id, seq, updated_at, patient, doctor, gone, fault, part_names, payload FROM record
WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id

-- name: known
SELECT t.id, t.source_id, t.outcome, t.cause, t.hash, t.parent_id, t.month, t.twin_hash, t.acked_hash, t.refused_hash, t.refusal, t.attempts,
  (t.acked_hash IS NOT NULL OR EXISTS (SELECT 1 FROM delivery d WHERE d.target = t.id AND d.state IN ('intent', 'uncertain'))
    OR EXISTS (SELECT 1 FROM crosswalk c WHERE c.destination = t.destination AND c.object = t.object AND c.source_id = t.source_id)) AS sent,
  EXISTS (SELECT 1 FROM decision d JOIN record r ON r.endpoint = t.source_endpoint AND r.source_id = t.source_id AND r.hash = d.source_hash
    WHERE d.destination = t.destination AND d.object = t.object AND d.source_id = t.source_id AND d.verb = 'SKIP' AND d.undone_at = '') AS skip
FROM target t WHERE t.destination = ?1 AND t.object = ?2 AND t.source_endpoint = ?3
  AND t.source_id IN (SELECT value FROM json_each(?4))

-- name: known-parts
SELECT t.id, t.source_id, t.outcome, t.cause, t.hash, t.parent_id, t.month, t.twin_hash, t.acked_hash, t.refused_hash, t.refusal, t.attempts,
  t.acked_hash IS NOT NULL AS sent,
  EXISTS (SELECT 1 FROM decision d JOIN record r ON r.endpoint = t.source_endpoint AND r.source_id = t.parent_id AND r.hash = d.source_hash
    WHERE d.destination = t.destination AND d.object = t.object AND d.source_id = t.source_id AND d.verb = 'SKIP' AND d.undone_at = '') AS skip
FROM target t INDEXED BY target_parent WHERE t.destination = ?1 AND t.object = ?2 AND t.source_endpoint = ?3
  AND t.parent_id IN (SELECT value FROM json_each(?4)) AND t.parent_id <> ''

-- name: problems-of
SELECT p.target, p.field, p.code, p.message, p.lookup, p.key FROM problem p
WHERE p.target IN (SELECT value FROM json_each(?)) ORDER BY p.target, p.n

-- name: inside
SELECT t.id, t.object, t.source_id, t.parent_id, t.slot, t.payload, t.needs FROM target t
WHERE t.destination = ?1 AND t.parent_id IN (SELECT value FROM json_each(?3)) AND t.parent_id <> ''
  AND t.payload IS NOT NULL AND t.slot <> '' AND t.object <> ?2
ORDER BY t.parent_id, t.slot, t.source_id

-- name: twins
SELECT DISTINCT twin_hash FROM target WHERE destination = ? AND object = ? AND twin_hash IN (SELECT unhex(value) FROM json_each(?))

-- name: put-target
INSERT INTO target (destination, object, source_endpoint, source_id, parent_id, slot, payload, hash, needs, outcome, cause, field, code, message, run, month, twin_hash)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (destination, object, source_endpoint, source_id) DO UPDATE SET parent_id = excluded.parent_id, slot = excluded.slot,
  payload = excluded.payload, hash = excluded.hash, needs = excluded.needs, outcome = excluded.outcome, cause = excluded.cause,
  field = excluded.field, code = excluded.code, message = excluded.message, run = excluded.run, month = excluded.month, twin_hash = excluded.twin_hash

-- name: target-row
SELECT id FROM target WHERE destination = ? AND object = ? AND source_endpoint = ? AND source_id = ?

-- name: drop-target
DELETE FROM target WHERE id = ?

-- name: clear-problems
DELETE FROM problem WHERE target = ?

-- name: clear-problems-of
DELETE FROM problem WHERE target IN (SELECT value FROM json_each(?))

-- name: put-problem
INSERT INTO problem (target, n, field, code, message, lookup, key) VALUES (?, ?, ?, ?, ?, ?, ?)

-- name: unlinked
-- What maps and has no id there yet, with what carries it.
SELECT t.id, t.object, t.source_id, t.parent_id, t.payload, t.needs FROM target t
WHERE t.destination = ?1 AND t.object = ?2 AND t.id > ?3 AND t.payload IS NOT NULL AND t.outcome <> 'excluded'
  AND NOT EXISTS (SELECT 1 FROM crosswalk c WHERE c.destination = t.destination AND c.object = t.object AND c.source_id = t.source_id)
  AND (t.parent_id = '' OR EXISTS (SELECT 1 FROM target p WHERE p.destination = t.destination AND p.source_id = t.parent_id AND p.parent_id = ''
    AND p.payload IS NOT NULL AND p.outcome <> 'excluded'))
ORDER BY t.id LIMIT ?4

-- name: routed-out
-- How many of an object's records the route keeps away, where it lets none in.
-- What was skipped or cannot be read says nothing of the route.
-- As a rule the kept counts tell, and no record is looked at.
SELECT CASE WHEN EXISTS (SELECT 1 FROM standing WHERE destination = ?1 AND object = ?2 AND outcome NOT IN ('excluded', 'invalid', 'failed') AND n > 0) THEN 0
  ELSE (SELECT count(*) FROM target WHERE destination = ?1 AND object = ?2 AND cause = 'route'
    AND NOT EXISTS (SELECT 1 FROM target WHERE destination = ?1 AND object = ?2 AND cause NOT IN ('route', 'decision', 'unreadable'))) END
