-- Each problem of each record that was refused, by us or by them.
SELECT r.destination, r.object, r.outcome, r.source_endpoint, r.source_id, coalesce(p.code, r.code) AS code,
  coalesce(p.field, r.field) AS field, coalesce(p.message, r.message) AS message, coalesce(p.lookup, '') AS lookup,
  coalesce(p.key, '') AS key, r.http_status, r.attempts, r.target_id, r.hash,
  CASE WHEN ?2 AND r.outcome = 'rejected' AND t.words IS NOT NULL AND length(t.words) > 1 THEN unseal(t.words, 'target', t.destination, t.object, t.source_id) END AS words
FROM result r LEFT JOIN problem p ON p.target = r.target
LEFT JOIN target t ON t.id = r.target AND t.destination = r.destination AND t.object = r.object AND t.source_id = r.source_id
WHERE r.run = ?1 AND r.outcome IN ('invalid', 'rejected') ORDER BY r.target, p.n
