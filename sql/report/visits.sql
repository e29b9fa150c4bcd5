-- Each visit that the run, or one since ?4, touched at some destination, with what became of it
-- at every one of them: JSON [[destination, object, outcome, cause, target id]].
-- CROSS JOIN keeps the order: a night, then its row by the key.
SELECT v.source_id,
  (SELECT json_group_array(json_array(t.destination, t.object,
      coalesce(r.outcome, CASE WHEN t.outcome IN ('created', 'updated') AND t.run <> ?1 THEN 'unchanged' ELSE t.outcome END),
      coalesce(r.cause, t.cause), coalesce(c.target_id, '')))
    FROM target t LEFT JOIN result r ON r.target = t.id AND r.run = (SELECT max(n.run) FROM run u CROSS JOIN result n ON n.run = u.id AND n.target = t.id WHERE u.id BETWEEN ?4 AND ?1)
      AND (r.run = ?1 OR r.outcome IN ('created', 'updated', 'matched', 'excluded'))
    LEFT JOIN crosswalk c ON c.destination = t.destination AND c.object = t.object AND c.source_id = t.source_id
    WHERE t.source_endpoint = 'appointments' AND t.source_id = v.source_id) AS fates,
  CASE WHEN ?2 THEN unseal(v.payload, 'record', v.endpoint, v.source_id) END AS raw,
  CASE WHEN ?2 AND who.id IS NOT NULL THEN unseal(who.payload, 'record', who.endpoint, who.source_id) END AS person
FROM record v LEFT JOIN record who ON who.endpoint = 'patients' AND who.source_id = v.patient AND v.patient <> ''
WHERE v.endpoint = 'appointments' AND (?3 OR EXISTS (SELECT 1 FROM target t CROSS JOIN run u ON u.id BETWEEN ?4 AND ?1 CROSS JOIN result r ON r.run = u.id AND r.target = t.id
  WHERE t.source_endpoint = 'appointments' AND t.source_id = v.source_id AND r.outcome <> 'unchanged' AND NOT (r.outcome = 'excluded' AND t.run < r.run)))
ORDER BY v.source_id
