-- Records that may be one of theirs, or are, but differ: a person looks.
SELECT r.destination, r.object, r.source_endpoint, r.source_id, r.outcome, r.cause, r.code, r.message, r.target_id, r.hash, rec.hash AS source_hash,
  rec.endpoint, rec.source_id, CASE WHEN ?2 THEN rec.payload END, who.source_id, CASE WHEN ?2 THEN who.payload END
FROM result r
LEFT JOIN record rec ON rec.endpoint = r.source_endpoint
  AND rec.source_id = CASE instr(r.source_id, '/') WHEN 0 THEN r.source_id ELSE substr(r.source_id, 1, instr(r.source_id, '/') - 1) END
LEFT JOIN record who ON who.endpoint = 'patients' AND who.source_id = rec.patient AND rec.endpoint <> 'patients' AND rec.patient <> ''
WHERE r.run = ?1 AND r.outcome = 'held' AND r.cause IN ('candidates', 'overwrite', 'no_id') ORDER BY r.target
