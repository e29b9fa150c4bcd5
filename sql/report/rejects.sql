-- Each problem of each record that was refused, by us or by them.
SELECT t.destination, t.object, r.outcome, t.source_endpoint, t.source_id, coalesce(p.code, r.code) AS code,
  coalesce(p.field, r.field) AS field, coalesce(p.message, r.message) AS message, coalesce(p.lookup, '') AS lookup,
  coalesce(p.key, '') AS key, r.http_status, r.attempts, r.target_id, r.hash
FROM result r CROSS JOIN target t ON t.id = r.target LEFT JOIN problem p ON p.target = t.id
WHERE r.run = ?1 AND r.outcome IN ('invalid', 'rejected') ORDER BY r.target, p.n
