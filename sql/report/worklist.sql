-- What a person should look at, most severe and oldest first: what is refused,
-- held, uncertain, failed or differs, each with how many others wait for it.
-- What waits for another record is counted there; worklist-groups has the rest.
-- payload_hash and source_hash are what a decision on the row speaks of.
WITH stuck AS (SELECT r.target, r.destination, t.parent_id, t.needs FROM result r JOIN target t ON t.id = r.target
    WHERE r.run = ?1 AND r.outcome = 'blocked'),
lacks AS (
  SELECT s.target, s.destination, n.value ->> 'object' AS object, n.value ->> 'id' AS source_id FROM stuck s, json_each(s.needs) n
  WHERE s.needs <> '' AND coalesce(n.value ->> 'optional', 0) = 0 AND s.parent_id = '' AND NOT EXISTS (SELECT 1 FROM crosswalk c
    WHERE c.destination = s.destination AND c.object = n.value ->> 'object' AND c.source_id = n.value ->> 'id')
  UNION ALL SELECT s.target, s.destination, 'client', s.parent_id FROM stuck s WHERE s.parent_id <> ''),
waits AS (SELECT destination, object, source_id, count(*) AS n FROM lacks GROUP BY 1, 2, 3),
waiting AS (
  SELECT r.target, r.outcome, CASE r.outcome WHEN 'uncertain' THEN 1 WHEN 'held' THEN 2 WHEN 'rejected' THEN 3 WHEN 'invalid' THEN 4
      WHEN 'mismatched' THEN 5 ELSE 7 END AS severity, coalesce(w.n, 0) AS frees,
    CASE WHEN i.id IS NULL OR i.opened_run > ?1 THEN 'new' WHEN i.opened_run < ?1 THEN 'repeat' WHEN i.times > 1 THEN 'reopened' ELSE 'new' END AS state,
    CASE WHEN i.opened_run <= ?1 THEN i.opened_at ELSE coalesce(i.first_at, (SELECT u.started_at FROM run u WHERE u.id = ?1), '') END AS opened_at
  FROM result r
  LEFT JOIN item i ON i.destination = r.destination AND i.object = r.object AND i.source_id = r.source_id AND i.outcome = r.outcome
    AND i.cause = r.cause AND i.field = r.field AND i.code = r.code
  LEFT JOIN waits w ON w.destination = r.destination AND w.object = r.object AND w.source_id = r.source_id
  WHERE r.run = ?1 AND r.outcome IN ('uncertain', 'held', 'rejected', 'invalid', 'failed', 'mismatched')
  ORDER BY severity, frees DESC, opened_at, r.target LIMIT ?2)
SELECT w.severity, r.destination, r.object, w.outcome, r.cause, r.code, r.field, r.message,
  coalesce((SELECT p.lookup FROM problem p WHERE p.target = r.target AND p.lookup <> '' ORDER BY p.n LIMIT 1), '') AS lookup,
  coalesce((SELECT p.key FROM problem p WHERE p.target = r.target AND p.lookup <> '' ORDER BY p.n LIMIT 1), '') AS key,
  r.source_endpoint, r.source_id, r.target_id, w.state, w.opened_at, r.attempts,
  rec.endpoint, rec.source_id, CASE WHEN ?3 THEN rec.payload END, who.source_id, CASE WHEN ?3 THEN who.payload END,
  r.hash AS payload_hash, rec.hash AS source_hash, w.frees
FROM waiting w JOIN result r ON r.run = ?1 AND r.target = w.target
LEFT JOIN record rec ON rec.endpoint = r.source_endpoint
  AND rec.source_id = CASE instr(r.source_id, '/') WHEN 0 THEN r.source_id ELSE substr(r.source_id, 1, instr(r.source_id, '/') - 1) END
LEFT JOIN record who ON who.endpoint = 'patients' AND who.source_id = rec.patient AND rec.endpoint <> 'patients' AND rec.patient <> ''
ORDER BY w.severity, w.frees DESC, w.opened_at, w.target
