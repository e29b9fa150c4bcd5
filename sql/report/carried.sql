-- Targets that the run did not touch and that have no line of their own: by
-- destination, object and outcome, how many, and how many of them reached the
-- outcome in an earlier run.
SELECT t.destination, t.object, t.outcome, count(*) AS n, coalesce(sum(t.run < ?1), 0) AS earlier
FROM target t
WHERE NOT EXISTS (SELECT 1 FROM result r WHERE r.run = ?1 AND r.target = t.id AND r.outcome <> 'unchanged'
    AND NOT (r.outcome = 'excluded' AND t.run < r.run))
GROUP BY t.destination, t.object, t.outcome
