-- Since when what is open is open without a break, by destination and object,
-- and how many.
SELECT r.destination, r.object,
  CASE WHEN i.opened_run <= ?1 THEN i.opened_at ELSE coalesce(i.first_at, u.started_at) END AS opened_at, count(*)
FROM result r JOIN run u ON u.id = r.run
LEFT JOIN item i ON i.destination = r.destination AND i.object = r.object AND i.source_id = r.source_id AND i.outcome = r.outcome
  AND i.cause = r.cause AND i.field = r.field AND i.code = r.code
WHERE r.run = ?1 AND r.outcome IN ('uncertain', 'held', 'rejected', 'invalid', 'blocked', 'failed', 'mismatched', 'missing')
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
