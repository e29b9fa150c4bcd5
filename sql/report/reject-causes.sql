-- Why records were refused, the commonest cause first: every problem of each
-- of them counts, so that a cause says how many records it would free.
SELECT r.destination, r.object, r.outcome, coalesce(p.code, r.code) AS code, coalesce(p.field, r.field) AS field,
  coalesce(p.lookup, '') AS lookup, coalesce(p.key, '') AS key, min(coalesce(p.message, r.message)) AS message,
  count(DISTINCT r.target) AS n, max(r.http_status) AS http_status
FROM result r LEFT JOIN problem p ON p.target = r.target
WHERE r.run = ?1 AND r.outcome IN ('invalid', 'rejected')
GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY n DESC, 1, 2, 3, 4, 5, 6, 7 LIMIT ?2
