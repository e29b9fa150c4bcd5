-- Records that the destination holds otherwise, with both values of each field
-- that differs (JSON: [[field, ours, theirs]]). ours_changed: they differ since
-- the very run in which the record changed in DrChrono, so that theirs may be
-- what it was before.
SELECT d.destination, d.object, r.source_endpoint, d.source_id, r.outcome, d.target_id, r.cause, r.field, r.code,
  CASE WHEN i.id IS NULL OR i.opened_run > ?1 THEN 'new' WHEN i.opened_run < ?1 THEN 'repeat' WHEN i.times > 1 THEN 'reopened' ELSE 'new' END AS state,
  CASE WHEN i.opened_run <= ?1 THEN i.opened_at ELSE coalesce(i.first_at, '') END AS opened_at,
  rec.changed_run = coalesce(i.opened_run, ?1) AND EXISTS (SELECT 1 FROM version v WHERE v.endpoint = rec.endpoint AND v.source_id = rec.source_id) AS ours_changed,
  CASE WHEN ?2 THEN unseal(d.payload, 'difference', d.destination, d.object, d.source_id) END AS fields,
  rec.endpoint, rec.source_id, CASE WHEN ?2 THEN rec.payload END, who.source_id, CASE WHEN ?2 THEN who.payload END
FROM result r JOIN difference d ON d.target = r.target AND d.destination = r.destination AND d.object = r.object AND d.source_id = r.source_id
LEFT JOIN item i ON i.destination = r.destination AND i.object = r.object AND i.source_id = r.source_id AND i.outcome = r.outcome
  AND i.cause = r.cause AND i.field = r.field AND i.code = r.code
LEFT JOIN record rec ON rec.endpoint = r.source_endpoint
  AND rec.source_id = CASE instr(r.source_id, '/') WHEN 0 THEN r.source_id ELSE substr(r.source_id, 1, instr(r.source_id, '/') - 1) END
LEFT JOIN record who ON who.endpoint = 'patients' AND who.source_id = rec.patient AND rec.endpoint <> 'patients' AND rec.patient <> ''
WHERE r.run = ?1 AND (r.outcome = 'mismatched' OR r.outcome = 'held' AND r.cause = 'overwrite') ORDER BY r.target
