-- Visits that a destination (?1) acknowledged as an object (?2), or holds alike:
-- the record in DrChrono, and what was acknowledged or compared. Each is
-- opened, so it is only the ?3 that were judged first most lately.
WITH newest AS (
  SELECT t.id FROM target t WHERE t.destination = ?1 AND t.object = ?2 AND t.outcome IN ('created', 'updated', 'unchanged', 'matched')
    AND t.source_endpoint = 'appointments' AND CASE WHEN t.outcome = 'matched' THEN t.hash ELSE t.acked_hash END IS NOT NULL
  ORDER BY t.id DESC LIMIT ?3)
SELECT v.doctor, unseal(v.payload, 'record', v.endpoint, v.source_id) AS raw,
  unseal(CASE WHEN t.outcome = 'matched' THEN t.payload ELSE t.acked_payload END, 'target', t.destination, t.object, t.source_id) AS body
FROM newest n JOIN target t ON t.id = n.id JOIN record v ON v.endpoint = t.source_endpoint AND v.source_id = t.source_id
WHERE CASE WHEN t.outcome = 'matched' THEN t.payload ELSE t.acked_payload END IS NOT NULL
