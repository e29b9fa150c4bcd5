-- Why records were refused, the cause first that would free most: the records
-- that it refuses, and those that wait for them. Every problem of each of them
-- counts; of_all is the sum over all causes. CAST lets those that wait be looked
-- up by what they wait for.
WITH waits AS (
  SELECT b.destination, CAST(n.value ->> 'object' AS TEXT) AS object, CAST(n.value ->> 'id' AS TEXT) AS source_id, count(*) AS n
  FROM result r JOIN target b ON b.id = r.target, json_each(b.needs) n
  WHERE r.run = ?1 AND r.outcome = 'blocked' AND b.needs <> '' GROUP BY 1, 2, 3)
SELECT r.destination, r.object, r.outcome, coalesce(p.code, r.code) AS code, coalesce(p.field, r.field) AS field,
  coalesce(p.lookup, '') AS lookup, coalesce(p.key, '') AS key, min(coalesce(p.message, r.message)) AS message,
  count(DISTINCT r.target) + coalesce(sum(w.n), 0) AS n, max(r.http_status) AS http_status,
  sum(count(DISTINCT r.target) + coalesce(sum(w.n), 0)) OVER () AS of_all
FROM result r LEFT JOIN problem p ON p.target = r.target
LEFT JOIN waits w ON w.destination = r.destination AND w.object = r.object AND w.source_id = r.source_id
WHERE r.run = ?1 AND r.outcome IN ('invalid', 'rejected')
GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY n DESC, 1, 2, 3, 4, 5, 6, 7 LIMIT ?2
