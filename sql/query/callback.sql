-- name: accept-delivery
-- It is open until its answer comes by a callback, at the latest by the deadline.
UPDATE delivery SET state = 'uncertain', answered_at = ?, phase = ?, http_status = ?, transaction_id = ?, deadline = ? WHERE id = ?

-- name: accepted
-- When the last answer should have come of what was accepted for later; '' = none is awaited.
SELECT coalesce(max(deadline), '') FROM delivery WHERE destination = ? AND state = 'uncertain' AND transaction_id <> '' AND deadline > ?

-- name: score
-- What a run sent of an object and they accepted for later: its answer may be there by now.
SELECT count(*) AS sent, coalesce(sum(state = 'rejected'), 0) AS rejected, coalesce(sum(state = 'uncertain'), 0) AS open
FROM delivery WHERE run = ? AND destination = ? AND object = ? AND transaction_id <> ''

-- name: delivery-state
SELECT state FROM delivery WHERE id = ?

-- name: callback-settled
-- Whether a callback speaks of a delivery that has its answer already.
SELECT EXISTS (SELECT 1 FROM delivery WHERE destination = ? AND object = ? AND transaction_id = ? AND transaction_id <> '' AND state <> 'uncertain')
  AND NOT EXISTS (SELECT 1 FROM delivery WHERE destination = ?1 AND object = ?2 AND transaction_id = ?3 AND transaction_id <> '' AND state = 'uncertain')

-- name: put-callback
INSERT INTO callback (destination, object, transaction_id, received_at, payload)
SELECT ?1, ?2, ?3, ?4, ?5 WHERE (SELECT count(*) FROM callback WHERE destination = ?1 AND object = ?2 AND transaction_id = ?3) < ?6

-- name: called
-- Open deliveries with the callbacks that speak of them. A vendor may give a
-- transaction's name again: what came before the request left is another's.
SELECT k.id AS callback, k.received_at, k.payload AS answer, d.id, d.target, d.destination, d.object, d.source_id, d.op, d.hash, d.payload, d.needs,
  k.transaction_id, coalesce(c.target_id, '') AS target_id
FROM callback k JOIN delivery d ON d.destination = k.destination AND d.object = k.object AND d.transaction_id = k.transaction_id AND d.transaction_id <> '' AND d.state = 'uncertain'
  AND d.intent_at <= k.received_at
LEFT JOIN crosswalk c ON c.destination = d.destination AND c.object = d.object AND c.source_id = d.source_id
WHERE k.destination = ? ORDER BY k.id LIMIT ?

-- name: drop-callback
DELETE FROM callback WHERE id = ?

-- name: old-callbacks
DELETE FROM callback WHERE received_at < ?
