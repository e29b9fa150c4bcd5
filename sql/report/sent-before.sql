-- Records that a run since ?2 created or updated and on which no later one has
-- a word, up to this run: the run itself counted them as unchanged.
-- CROSS JOIN keeps the order: a night, then its row by the key.
SELECT r.destination, r.object, r.outcome, count(*)
FROM result r JOIN target t ON t.id = r.target AND t.source_id = r.source_id AND t.object = r.object AND t.destination = r.destination
WHERE r.run >= ?2 AND r.run < ?1 AND r.outcome IN ('created', 'updated')
  AND NOT EXISTS (SELECT 1 FROM run u CROSS JOIN result n ON n.run = u.id AND n.target = r.target WHERE u.id > r.run AND u.id <= ?1)
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
