-- The lines of load-results.jsonl. A record that is equal to what was
-- acknowledged, or was excluded in an earlier run, is only counted. From the
-- runs since ?2 come, with their start, the records on which no later run has
-- a word; what was open then and is open no more is equal now.
SELECT r.destination, r.object, r.source_endpoint, r.source_id, r.outcome, r.target_id, r.attempts, r.http_status,
  CASE WHEN r.code <> '' THEN r.code ELSE r.cause END AS code, r.field, r.message, r.hash, r.run,
  (SELECT u.started_at FROM run u WHERE u.id = r.run) AS at
FROM result r LEFT JOIN target t ON t.id = r.target AND t.source_id = r.source_id AND t.object = r.object AND t.destination = r.destination
WHERE r.run BETWEEN ?2 AND ?1
  AND (r.run = ?1 OR r.outcome IN ('created', 'updated', 'matched', 'excluded') AND t.id IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM run u CROSS JOIN result n ON n.run = u.id AND n.target = r.target WHERE u.id > r.run AND u.id <= ?1))
  AND r.outcome <> 'unchanged' AND NOT (r.outcome = 'excluded' AND coalesce(t.run, r.run) < r.run)
ORDER BY r.run, r.target
