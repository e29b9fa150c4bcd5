-- What waits for a person or was refused, most severe and oldest first.
-- first_run is the run since which the record waits without a break, as far
-- back as runs are kept. payload_hash and source_hash are what a decision on
-- the row speaks of.
WITH waiting AS (
  SELECT r.target, r.outcome, CASE r.outcome WHEN 'uncertain' THEN 1 WHEN 'held' THEN 2 WHEN 'rejected' THEN 3 WHEN 'invalid' THEN 4
      WHEN 'blocked' THEN 5 ELSE 6 END AS severity,
    (SELECT min(x.run) FROM run u CROSS JOIN result x ON x.run = u.id AND x.target = r.target
     WHERE u.id <= ?1 AND x.outcome IN ('uncertain', 'held', 'rejected', 'invalid', 'blocked', 'failed')
       AND x.run > coalesce((SELECT max(y.run) FROM run v CROSS JOIN result y ON y.run = v.id AND y.target = r.target
         WHERE v.id < ?1 AND y.outcome NOT IN ('uncertain', 'held', 'rejected', 'invalid', 'blocked', 'failed')), '')) AS first_run
  FROM result r WHERE r.run = ?1 AND r.outcome IN ('uncertain', 'held', 'rejected', 'invalid', 'blocked', 'failed')
  ORDER BY severity, first_run, r.target LIMIT ?2)
SELECT w.severity, r.destination, r.object, w.outcome, r.cause, r.code, r.field, r.message,
  coalesce((SELECT p.lookup FROM problem p WHERE p.target = r.target AND p.lookup <> '' ORDER BY p.n LIMIT 1), '') AS lookup,
  coalesce((SELECT p.key FROM problem p WHERE p.target = r.target AND p.lookup <> '' ORDER BY p.n LIMIT 1), '') AS key,
  r.source_endpoint, r.source_id, r.target_id, w.first_run, coalesce(f.started_at, '') AS first_at, r.attempts,
  CASE WHEN ?3 AND rec.id IS NOT NULL THEN unseal(rec.payload, 'record', rec.endpoint, rec.source_id) END AS raw,
  CASE WHEN ?3 AND who.id IS NOT NULL THEN unseal(who.payload, 'record', who.endpoint, who.source_id) END AS person,
  r.hash AS payload_hash, rec.hash AS source_hash
FROM waiting w JOIN result r ON r.run = ?1 AND r.target = w.target
LEFT JOIN run f ON f.id = w.first_run
LEFT JOIN record rec ON rec.endpoint = r.source_endpoint
  AND rec.source_id = CASE instr(r.source_id, '/') WHEN 0 THEN r.source_id ELSE substr(r.source_id, 1, instr(r.source_id, '/') - 1) END
LEFT JOIN record who ON who.endpoint = 'patients' AND who.source_id = rec.patient AND rec.endpoint <> 'patients' AND rec.patient <> ''
ORDER BY w.severity, w.first_run, w.target
