-- Each visit that the run, or one since ?4, touched at some destination, with what became of it
-- at every one of them: JSON [[destination, object, outcome, cause, target id]].
-- CROSS JOIN keeps the order: a night, then its rows by the key.
SELECT v.source_id,
  (SELECT json_group_array(json_array(t.destination, t.object,
      coalesce(r.outcome, CASE WHEN t.outcome IN ('created', 'updated') AND t.run <> ?1 THEN 'unchanged' ELSE t.outcome END),
      coalesce(r.cause, t.cause), coalesce(c.target_id, '')))
    FROM target t LEFT JOIN result r ON r.target = t.id AND r.run = (SELECT max(n.run) FROM run u CROSS JOIN result n ON n.run = u.id AND n.target = t.id WHERE u.id BETWEEN ?4 AND ?1)
      AND (r.run = ?1 OR r.outcome IN ('created', 'updated', 'matched', 'excluded'))
    LEFT JOIN crosswalk c ON c.destination = t.destination AND c.object = t.object AND c.source_id = t.source_id
    WHERE t.source_endpoint = 'appointments' AND t.source_id = v.source_id) AS fates,
  v.endpoint, v.source_id, CASE WHEN ?2 THEN v.payload END, who.source_id, CASE WHEN ?2 THEN who.payload END
FROM (SELECT t.source_id FROM run u CROSS JOIN result r ON r.run = u.id CROSS JOIN target t ON t.id = r.target
    WHERE NOT ?3 AND u.id BETWEEN ?4 AND ?1 AND t.source_endpoint = 'appointments' AND r.outcome <> 'unchanged' AND NOT (r.outcome = 'excluded' AND t.run < r.run)
      AND NOT EXISTS (SELECT 1 FROM target o CROSS JOIN run w ON w.id BETWEEN ?4 AND ?1 CROSS JOIN result p ON p.run = w.id AND p.target = o.id
        WHERE o.source_endpoint = t.source_endpoint AND o.source_id = t.source_id AND (w.id, o.id) < (u.id, t.id)
          AND p.outcome <> 'unchanged' AND NOT (p.outcome = 'excluded' AND o.run < p.run))
  UNION ALL SELECT source_id FROM record WHERE ?3 AND endpoint = 'appointments') touched
CROSS JOIN record v ON v.endpoint = 'appointments' AND v.source_id = touched.source_id
LEFT JOIN record who ON who.endpoint = 'patients' AND who.source_id = v.patient AND v.patient <> ''
