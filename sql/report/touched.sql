-- The outcome under which each target that has a line of the run's is counted
-- now. What the run sent is unchanged as soon as another run has begun.
SELECT r.destination, r.object, CASE WHEN r.outcome IN ('created', 'updated') AND t.outcome = 'unchanged' THEN t.outcome ELSE r.outcome END AS outcome
FROM result r JOIN target t ON t.id = r.target
WHERE r.run = ?1 AND r.outcome <> 'unchanged' AND NOT (r.outcome = 'excluded' AND t.run < r.run)
