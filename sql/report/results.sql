-- The lines of load-results.jsonl. A record that is equal to what was
-- acknowledged, or was excluded in an earlier run, is only counted.
SELECT r.destination, r.object, r.source_endpoint, r.source_id, r.outcome, r.target_id, r.attempts, r.http_status,
  CASE WHEN r.code <> '' THEN r.code ELSE r.cause END AS code, r.field, r.message, r.hash
FROM result r LEFT JOIN target t ON t.id = r.target
WHERE r.run = ?1 AND r.outcome <> 'unchanged' AND NOT (r.outcome = 'excluded' AND coalesce(t.run, r.run) < r.run)
ORDER BY r.target
