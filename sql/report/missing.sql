-- Records that the destination, which we may only read, does not hold.
SELECT r.destination, r.object, r.source_endpoint, r.source_id, r.cause, r.field, r.code,
  CASE WHEN i.id IS NULL OR i.opened_run > ?1 THEN 'new' WHEN i.opened_run < ?1 THEN 'repeat' WHEN i.times > 1 THEN 'reopened' ELSE 'new' END AS state,
  CASE WHEN i.opened_run <= ?1 THEN i.opened_at ELSE coalesce(i.first_at, '') END AS opened_at,
  (SELECT run FROM origin o WHERE o.record = rec.id) = ?1 AS fresh,
  rec.endpoint, rec.source_id, CASE WHEN ?2 THEN rec.payload END, who.source_id, CASE WHEN ?2 THEN who.payload END
FROM result r
LEFT JOIN item i ON i.destination = r.destination AND i.object = r.object AND i.source_id = r.source_id AND i.outcome = r.outcome
  AND i.cause = r.cause AND i.field = r.field AND i.code = r.code
LEFT JOIN record rec ON rec.endpoint = r.source_endpoint AND rec.source_id = r.source_id
LEFT JOIN record who ON who.endpoint = 'patients' AND who.source_id = rec.patient AND rec.endpoint <> 'patients' AND rec.patient <> ''
WHERE r.run = ?1 AND r.outcome = 'missing' ORDER BY r.target
