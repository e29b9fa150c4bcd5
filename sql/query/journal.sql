-- name: holds-nothing
SELECT NOT EXISTS (SELECT 1 FROM record) AND NOT EXISTS (SELECT 1 FROM delivery) AND NOT EXISTS (SELECT 1 FROM run)

-- name: discharges
-- Each destination that has ever had a record stands in standing: so they are
-- looked up, and not searched for among all that was ever sent.
SELECT intent_at AS at, destination, object, source_id, hash, state FROM delivery
WHERE destination IN (SELECT destination FROM standing) AND object = 'discharge' AND op = 'discharge' ORDER BY id

-- name: take-over-discharge
-- Where the database knows of that very delivery, its own word counts.
INSERT INTO delivery (target, destination, object, source_id, op, state, hash, payload, run, process, intent_at, deadline, evidence)
SELECT t.id, ?1, ?2, ?3, 'discharge', 'uncertain', ?4, ?5, ?6, ?7, ?8, ?8, ?9 FROM target t
WHERE t.destination = ?1 AND t.object = ?2 AND t.source_id = ?3 AND NOT EXISTS (SELECT 1 FROM delivery d
  WHERE d.destination = ?1 AND d.object = ?2 AND d.source_id = ?3
    AND (d.intent_at = ?8 OR d.state IN ('intent', 'uncertain', 'acknowledged')))
