-- Visits that a destination acknowledged, or holds alike: the record in
-- DrChrono, and what was acknowledged or compared.
SELECT t.destination, t.object, v.doctor, unseal(v.payload, 'record', v.endpoint, v.source_id) AS raw,
  unseal(CASE WHEN t.outcome = 'matched' THEN t.payload ELSE t.acked_payload END, 'target', t.destination, t.object, t.source_id) AS body
FROM target t JOIN record v ON v.endpoint = t.source_endpoint AND v.source_id = t.source_id
WHERE t.source_endpoint = 'appointments' AND t.outcome IN ('created', 'updated', 'unchanged', 'matched')
  AND CASE WHEN t.outcome = 'matched' THEN t.payload ELSE t.acked_payload END IS NOT NULL
