-- The same, and every record that no run since ?5 touched.
SELECT t.source_endpoint, t.source_id,
  coalesce(r.outcome, CASE WHEN t.outcome IN ('created', 'updated') AND t.run <> ?1 THEN 'unchanged' ELSE t.outcome END) AS outcome,
  coalesce(r.cause, t.cause), coalesce(r.code, t.code), coalesce(r.field, t.field), coalesce(r.message, t.message),
  coalesce(r.http_status, t.http_status), coalesce(r.target_id, c.target_id, ''), coalesce(r.attempts, 0), coalesce(r.hash, t.hash),
  rec.endpoint, rec.source_id, CASE WHEN ?4 THEN rec.payload END, who.source_id, CASE WHEN ?4 THEN who.payload END,
  CASE WHEN ?4 > 1 THEN CASE coalesce(r.hash, t.hash) WHEN t.hash THEN unseal(t.payload, 'target', t.destination, t.object, t.source_id)
    WHEN t.acked_hash THEN unseal(t.acked_payload, 'target', t.destination, t.object, t.source_id) END END AS body,
  coalesce(r.run, '')
FROM target t LEFT JOIN result r ON r.target = t.id AND r.run = (SELECT max(n.run) FROM run u CROSS JOIN result n ON n.run = u.id AND n.target = t.id WHERE u.id BETWEEN ?5 AND ?1)
  AND (r.run = ?1 OR r.outcome IN ('created', 'updated', 'matched', 'excluded'))
LEFT JOIN crosswalk c ON c.destination = t.destination AND c.object = t.object AND c.source_id = t.source_id
LEFT JOIN record rec ON rec.endpoint = t.source_endpoint
  AND rec.source_id = CASE instr(t.source_id, '/') WHEN 0 THEN t.source_id ELSE substr(t.source_id, 1, instr(t.source_id, '/') - 1) END
LEFT JOIN record who ON who.endpoint = 'patients' AND who.source_id = rec.patient AND rec.endpoint <> 'patients' AND rec.patient <> ''
WHERE t.destination = ?2 AND t.object = ?3
ORDER BY t.source_endpoint, t.source_id
