-- Discharges that wait for an approval, with who approves the payload at the
-- run's start (?2). What one says is shown while it maps to that payload.
SELECT r.destination, r.object, r.source_id, r.outcome, r.cause, r.code, r.hash, rec.hash AS source_hash,
  coalesce((SELECT group_concat(a.by, ', ') FROM approval a WHERE a.destination = r.destination AND a.object = r.object
    AND a.source_id = r.source_id AND a.hash = r.hash AND a.expires_at > ?2), '') AS approved_by,
  CASE WHEN ?3 AND t.hash = r.hash THEN unseal(t.payload, 'target', t.destination, t.object, t.source_id) END AS body,
  CASE WHEN ?3 AND rec.id IS NOT NULL THEN unseal(rec.payload, 'record', rec.endpoint, rec.source_id) END AS raw
FROM result r LEFT JOIN target t ON t.id = r.target AND t.source_id = r.source_id AND t.object = r.object AND t.destination = r.destination
LEFT JOIN record rec ON rec.endpoint = r.source_endpoint AND rec.source_id = r.source_id
WHERE r.run = ?1 AND r.destination = 'central_registry' AND r.object = 'discharge' AND r.outcome = 'held' AND r.cause = 'approval'
ORDER BY r.target
