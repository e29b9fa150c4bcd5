-- One object's records at one destination that were judged or sent in the run,
-- or wait, and those of the runs since ?5 on which no later run has a word.
-- ?4: 0 gives no payload, 1 those of the source and its patient, sealed, 2 also what it mapped to, opened, where that
-- is what maps now, or what was acknowledged last.
SELECT r.source_endpoint, r.source_id, r.outcome, r.cause, r.code, r.field, r.message, r.http_status, r.target_id, r.attempts, r.hash,
  rec.endpoint, rec.source_id, CASE WHEN ?4 THEN rec.payload END, who.source_id, CASE WHEN ?4 THEN who.payload END,
  CASE WHEN ?4 > 1 THEN CASE r.hash WHEN t.hash THEN unseal(t.payload, 'target', t.destination, t.object, t.source_id)
    WHEN t.acked_hash THEN unseal(t.acked_payload, 'target', t.destination, t.object, t.source_id) END END AS body,
  r.run
FROM result r LEFT JOIN target t ON t.id = r.target AND t.source_id = r.source_id AND t.object = r.object AND t.destination = r.destination
LEFT JOIN record rec ON rec.endpoint = r.source_endpoint
  AND rec.source_id = CASE instr(r.source_id, '/') WHEN 0 THEN r.source_id ELSE substr(r.source_id, 1, instr(r.source_id, '/') - 1) END
LEFT JOIN record who ON who.endpoint = 'patients' AND who.source_id = rec.patient AND rec.endpoint <> 'patients' AND rec.patient <> ''
WHERE r.run BETWEEN ?5 AND ?1 AND r.destination = ?2 AND r.object = ?3
  AND (r.run = ?1 OR r.outcome IN ('created', 'updated', 'matched', 'excluded') AND t.id IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM run u CROSS JOIN result n ON n.run = u.id AND n.target = r.target WHERE u.id > r.run AND u.id <= ?1))
  AND r.outcome <> 'unchanged' AND NOT (r.outcome = 'excluded' AND coalesce(t.run, r.run) < r.run)
ORDER BY r.run, r.target
