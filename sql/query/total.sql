-- name: unadded
-- Visits that changed since they were added up, and what they add now: nothing
-- where no destination holds them.
SELECT q.target, t.destination, t.object, t.source_id, v.endpoint, v.doctor,
  CASE WHEN t.outcome IN ('created', 'updated', 'unchanged', 'matched') THEN v.payload END AS record,
  CASE WHEN t.outcome = 'matched' THEN t.payload WHEN t.outcome IN ('created', 'updated', 'unchanged') THEN t.acked_payload END AS body
FROM unadded q JOIN target t ON t.id = q.target JOIN record v ON v.endpoint = t.source_endpoint AND v.source_id = t.source_id
ORDER BY q.target LIMIT ?

-- name: total-of
INSERT INTO total (destination, object, month, provider) VALUES (?, ?, ?, ?)
ON CONFLICT (destination, object, month, provider) DO UPDATE SET month = excluded.month RETURNING id

-- name: drop-addends
DELETE FROM addend WHERE target IN (SELECT value FROM json_each(?))

-- name: put-addend
INSERT INTO addend (target, total, minutes, known, there) VALUES (?, ?, ?, ?, ?)

-- name: added
DELETE FROM unadded WHERE target IN (SELECT value FROM json_each(?))
