-- Each problem of each record that was refused, by us or by them.
SELECT r.destination, r.object, r.outcome, r.source_endpoint, r.source_id, coalesce(p.code, r.code) AS code,
  coalesce(p.field, r.field) AS field, coalesce(p.message, r.message) AS message, coalesce(p.lookup, '') AS lookup,
  coalesce(p.key, '') AS key, r.http_status, r.attempts, r.target_id, r.hash
FROM result r LEFT JOIN problem p ON p.target = r.target
WHERE r.run = ?1 AND r.outcome IN ('invalid', 'rejected') ORDER BY r.target, p.n
