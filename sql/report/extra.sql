-- What only the destination holds, as the run saw it, and since which run.
SELECT e.destination, e.object, e.target_id, e.first_run, coalesce(f.started_at, '') AS first_at,
  CASE WHEN ?2 THEN unseal(e.payload, 'extra', e.destination, e.object, e.target_id) END AS body
FROM extra e LEFT JOIN run f ON f.id = e.first_run
WHERE e.run = ?1 ORDER BY e.destination, e.object, e.target_id
